/**
 * The exact files that TensorFlow's library comes from: Python wheels, pinned by sha256.
 *
 * The NVIDIA wheels are those that pip resolves `tensorflow[and-cuda]==2.21.0` to for Python 3.11 on Linux.
 */
import type { Architecture } from './machine.js';

export const TENSORFLOW_VERSION = '2.21.0';

/** What to compute with: the processor alone, or an NVIDIA GPU too. */
export type Variant = 'cpu' | 'gpu';

/** One wheel: what to ask pip for, and what to take out of it. */
export interface Wheel {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  /** pip's platform tag of the file. */
  readonly platform: string;
  /** Size of the wheel, for the progress display, where known. */
  readonly bytes?: number;
  /** Members to unpack: those whose path matches. */
  readonly members: RegExp;
}

/** All that makes up one library folder. */
export interface LibraryPlan {
  readonly variant: Variant;
  readonly version: string;
  readonly arch: Architecture;
  readonly wheels: readonly Wheel[];
  /** Free space that is asked for before the download begins, in bytes. */
  readonly spaceBytes: number;
}

/** Files, relative to the library's folder, without which the binding can be neither built nor loaded. */
export const FRAMEWORK = 'libtensorflow_framework.so.2';
export const LIBRARIES = ['libtensorflow_cc.so.2', FRAMEWORK] as const;
export const HEADERS = ['include/tensorflow/c/c_api.h', 'include/tensorflow/c/eager/c_api.h'] as const;

/** The two libraries, and of 13,000 headers the few that the C interface is made of. */
const TENSORFLOW_MEMBERS =
  /^tensorflow\/(libtensorflow_(cc|framework)\.so\.2$|include\/(tensorflow\/c|xla\/tsl\/c|tsl\/c)\/|include\/(tensorflow\/core|tsl)\/platform\/ctstring)/;

/** The CUDA libraries, and the assembler and device code that TensorFlow compiles GPU kernels with. */
const NVIDIA_MEMBERS = /^nvidia\/([^/]+\/lib\/.*\.so[.0-9]*$|cuda_nvcc\/(bin\/ptxas$|nvvm\/libdevice\/))/;

const X64 = 'manylinux_2_27_x86_64';
const GIGABYTE = 1e9;

const tensorflow = (name: string, sha256: string, platform: string, bytes?: number): Wheel => ({
  name,
  version: TENSORFLOW_VERSION,
  sha256,
  platform,
  ...(bytes === undefined ? {} : { bytes }),
  members: TENSORFLOW_MEMBERS,
});

const nvidia = (library: string, version: string, sha256: string, platform = X64): Wheel => ({
  name: `nvidia-${library}-cu12`,
  version,
  sha256,
  platform,
  members: NVIDIA_MEMBERS,
});

const CPU_X64 = [
  tensorflow(
    'tensorflow-cpu',
    '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
    X64,
    273_829_956,
  ),
];

const CPU_ARM64 = [
  tensorflow(
    'tensorflow',
    '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
    'manylinux_2_27_aarch64',
  ),
];

const GPU_X64 = [
  tensorflow('tensorflow', '9056fbc9ba04235810b71ae6cbd958a196e8804fb53bbcffbf3e23b56155f124', X64),
  nvidia('cublas', '12.9.3.13', 'd7d51055f161b317c7105ddaae90e71eda059026074ffef93cf7cde2886bfe72'),
  nvidia(
    'cuda-cupti',
    '12.9.79',
    '096bcf334f13e1984ba36685ad4c1d6347db214de03dbb6eebb237b41d9d934f',
    'manylinux_2_25_x86_64',
  ),
  nvidia(
    'cuda-nvcc',
    '12.9.86',
    '5d6a0d32fdc7ea39917c20065614ae93add6f577d840233237ff08e9a38f58f0',
    'manylinux_2_12_x86_64',
  ),
  nvidia(
    'cuda-nvrtc',
    '12.9.86',
    '210cf05005a447e29214e9ce50851e83fc5f4358df8b453155d5e1918094dcb4',
    'manylinux_2_12_x86_64',
  ),
  nvidia(
    'cuda-runtime',
    '12.9.79',
    '25bba2dfb01d48a9b59ca474a1ac43c6ebf7011f1b0b8cc44f54eb6ac48a96c3',
    'manylinux_2_17_x86_64',
  ),
  nvidia('cudnn', '9.28.0.42', '9ff58b7f36dacd0a93e89f8f2957b52466889217963701daa15e577317cfa375'),
  nvidia(
    'cufft',
    '11.4.1.4',
    'c67884f2a7d276b4b80eb56a79322a95df592ae5e765cf1243693365ccab4e28',
    'manylinux_2_17_x86_64',
  ),
  nvidia('curand', '10.3.10.19', '49b274db4780d421bd2ccd362e1415c13887c53c214f0d4b761752b8f9f6aa1e'),
  nvidia('cusolver', '11.7.5.82', '15da72d1340d29b5b3cf3fd100e3cd53421dde36002eda6ed93811af63c40d88'),
  nvidia(
    'cusparse',
    '12.5.10.65',
    '73060ce019ac064a057267c585bf1fd5a353734151f87472ff02b2c5c9984e78',
    'manylinux_2_17_x86_64',
  ),
  nvidia('nccl', '2.32.3', 'bb94b2348e4861d5e8aa00b36c3d12d9bdf9c6369b82cbb723de0b582280a21c'),
  nvidia(
    'nvjitlink',
    '12.9.86',
    'e3f1171dbdc83c5932a45f0f4c99180a70de9bd2718c1ab77d14104f6d7147f9',
    'manylinux_2_12_x86_64',
  ),
];

/** What to fetch for a variant on a processor that has it (see `checkMachine`). */
export function libraryPlan(variant: Variant, arch: Architecture): LibraryPlan {
  const common = { variant, arch, version: TENSORFLOW_VERSION };
  if (variant === 'gpu') return { ...common, wheels: GPU_X64, spaceBytes: 10 * GIGABYTE };
  return { ...common, wheels: arch === 'x64' ? CPU_X64 : CPU_ARM64, spaceBytes: 1.5 * GIGABYTE };
}
