/**
 * The public API of CARE for TypeScript, on one screen. Everything else is reached under `care/internal/...` and may
 * change.
 */
// Engine
export { startEngine, environmentFacts, type EngineFacts, type EngineOptions } from './tensorflow/engine.js';
export { compileProgram, type Execution, type Program, type ProgramFunction } from './tensorflow/compile.js';
export { randomStream, type RandomStream } from './tensorflow/random.js';
// Models
export { deepSet, type DeepSetOptions } from './models/deep-set.js';
export {
  resNet,
  smallResNet,
  type FeatureModule,
  type ResNetOptions,
  type SmallResNetOptions,
} from './models/resnet.js';
export { ARCHITECTURES, encoderOf, type Architecture } from './models/architectures.js';
export { projectionHead, type ProjectionHeadOptions } from './models/projection-head.js';
export { imageEncoder, type ImageEncoder } from './models/image-encoder.js';
export { countParameters, initialise, scopeOf, type Module } from './nn/module.js';
export { fromStateDict, toStateDict } from './nn/state-dict.js';
// Data and augmentations
export { proteinClouds, loadProteinClouds } from './data/protein-clouds.js';
export { generateProteinClouds } from './data/generated-proteins.js';
export { parsePdb, selectAtoms } from './data/pdb.js';
export { readPdbFile } from './data/pdb-file.js';
export { splitByStructure } from './data/groups.js';
export { principalAxis, principalComponent } from './data/principal-axis.js';
export type { PointCloudSet } from './data/point-clouds.js';
export {
  axisRotation,
  randomRotation,
  rotateClouds,
  rotationPerChunk,
  rotationPerItem,
} from './augment/rotations.js';
// Augmentations of images
export {
  simclrAugmentation,
  SIMCLR_DEFAULTS,
  type SimclrAugmentation,
  type SimclrOptions,
  type SimclrParameters,
} from './augment/simclr.js';
export { CIFAR_NORMALIZE } from './augment/normalize.js';
export { imagesFromBytes, imagesFromWords, packBytes, type ImageSize } from './augment/images.js';
// Images
export {
  IMAGE_DATA,
  defaultImageData,
  loadImages,
  type ImageDataName,
  type ImageSplit,
} from './data/images.js';
export { generateImages, renderImages, type ImageFactors } from './data/generated-images.js';
export { subset, type DataSet } from './data/data-set.js';
// Losses
export { infoNce } from './losses/info-nce.js';
export { alignment } from './losses/alignment.js';
export { uniformity } from './losses/uniformity.js';
export { equivariance } from './losses/equivariance.js';
export { careLoss } from './losses/care.js';
export { gaussianUniformity } from './losses/gaussian-uniformity.js';
export { isotropy } from './losses/isotropy.js';
export { bilinearEquivariance, toHyperboloid, type BilinearForm } from './losses/bilinear-equivariance.js';
export { queueInfoNce } from './losses/queue-info-nce.js';
export { predictionLoss } from './losses/prediction.js';
export { barlowTwins } from './losses/barlow-twins.js';
export { crossEntropy } from './losses/cross-entropy.js';
// Methods
export { METHOD_NAMES, methodOf, type MethodName, type MethodSettings } from './methods/methods.js';
export type { Method, MethodModel } from './methods/method.js';
export { withCare } from './methods/care.js';
export { OBJECTIVES, objectiveLoss, type ObjectiveName } from './methods/objective.js';
// Measures
export { embeddingsFrom, type EmbeddingPair, type Embeddings } from './measure/embeddings.js';
export { wahba, wahbaTrials } from './measure/wahba.js';
export { steering, steeringTrials } from './measure/steering.js';
export { gammaF, invarianceLoss } from './measure/gamma.js';
export { positiveCosine } from './measure/positive-cosine.js';
export { compositionError } from './measure/composition.js';
export { gramChange, linearAction, stabiliserDefect } from './measure/preserved-form.js';
export { knn, type KnnResult } from './measure/knn.js';
export type { LabelledEmbeddings } from './measure/labels.js';
export { linearProbe, PROBE_PRESETS, type ProbeOptions, type ProbeResult } from './measure/linear-probe.js';
export { augmentationCosines } from './measure/augmentation-cosines.js';
export { colourTraits, retrieval, type ImageTraits, type RetrievalResult } from './measure/retrieval.js';
export { parameterReadout, type ParameterResult } from './measure/parameter-readout.js';
export { estimateByHalves } from './measure/half-samples.js';
export { effectiveRank } from './measure/effective-rank.js';
export { uniformityOf } from './measure/uniformity-of.js';
export { principalComponents } from './measure/pca.js';
export { roundness, roundnessInSpace } from './measure/roundness.js';
export { measureTrajectory } from './measure/trajectory.js';
export { axisReadout } from './measure/axis-readout.js';
export { assertRotationEquivariant } from './measure/assert-equivariant.js';
// Training and runs
export { adam } from './train/adam.js';
export { sgd } from './train/sgd.js';
export { schedule, type Schedule, type ScheduleOptions } from './train/schedule.js';
export { trainingFunction } from './train/training-function.js';
export { train, type TrainProgress } from './train/trainer.js';
export { openStore, type RunStore } from './runs/store.js';
export { parseOverrides } from './runs/configuration.js';
export { parseProfile } from './runs/profiles.js';
export { parsePreset } from './runs/presets.js';
export type { Estimate, Measurement, RunRecord } from './runs/record.js';
// The protein experiment
export {
  collectProtein,
  planProtein,
  runProtein,
  type ProteinPlan,
  type ProteinResults,
} from './experiments/protein/study.js';
export type { StudyEvent } from './experiments/study-event.js';
export { proteinEncoder } from './experiments/protein/encoder.js';
export { loadTask } from './experiments/protein/task.js';
// Experiments on images
export { planRetrieval } from './experiments/images/retrieval.js';
export { planBenchmarkTables } from './experiments/images/benchmark-tables.js';
export { planColorSensitivity } from './experiments/images/color-sensitivity.js';
export {
  collectImages,
  imageLabel,
  runImages,
  type ImagePlan,
  type ImageResults,
} from './experiments/images/study.js';
export {
  collectProperties,
  planProperties,
  runProperties,
  type PropertiesPlan,
  type PropertiesResults,
} from './experiments/equivariance-properties.js';
// Notebooks and reports
export { fetchProperties } from './notebook/properties-runs.js';
export { fetchImages } from './notebook/image-runs.js';
export { progressDisplay } from './notebook/progress-display.js';
export { show, showFrame } from './notebook/display.js';
export * as charts from './report/protein.js';
export { proteinClaims, proteinSettings, proteinSummary } from './report/protein-claims.js';
export { proteinFindings } from './report/protein-findings.js';
export * as tableCharts from './report/images/benchmark-tables.js';
export * as lossCharts from './report/images/benchmark-losses.js';
export { transferFigure } from './report/images/transfer.js';
export { benchmarkClaims, benchmarkSummary } from './report/images/benchmark-claims.js';
export { benchmarkFindings } from './report/images/benchmark-findings.js';
export { benchmarkSettings } from './report/images/benchmark-settings.js';
export * as colorCharts from './report/images/color-sensitivity.js';
export { colorClaims, colorSettings, colorSummary } from './report/images/color-claims.js';
export { colorFindings } from './report/images/color-findings.js';
export * as retrievalCharts from './report/images/retrieval.js';
export { retrievalClaims, retrievalSettings, retrievalSummary } from './report/images/retrieval-claims.js';
export { retrievalFindings } from './report/images/retrieval-findings.js';
export * as propertiesCharts from './report/properties/properties.js';
export { propertiesClaims, propertiesSettings, propertiesSummary } from './report/properties/claims.js';
export { propertiesFindings } from './report/properties/findings.js';
export { collectReproduction, type ReproductionResults } from './report/reproduction/results.js';
export {
  reproductionClaims,
  reproductionReports,
  reproductionSummary,
} from './report/reproduction/overview.js';
export { dataTable, reproducibilityCard, runsTable } from './report/reproduction/card.js';
export { reproducibilityChecklist } from './report/reproduction/checklist.js';
export { renderReport } from './report/render-report.js';
export { formatEstimate, formatValues } from './report/claims.js';
export type { Block, FigureBlock, TableBlock } from './report/blocks.js';
