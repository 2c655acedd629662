/**
 * TensorFlow.js as this package uses it. The engine, the kernels and the gradients are registered process-wide, so a
 * notebook cell that requires `@tensorflow/tfjs-node-gpu` itself works on the same tensors.
 */
export * from '@tensorflow/tfjs';
