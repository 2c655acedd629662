/** Turns the kernel's messages into the outputs of cells, as Jupyter stores them. */
import type { KernelMessage } from './kernel-process.js';
import { joinText, splitText, type ErrorOutput, type NotebookOutput } from './nbformat.js';

/** Collects the outputs of all cells of one run. Display updates reach whichever cell showed that display. */
export interface OutputCollector {
  /** Adds a message to the outputs of the cell it belongs to; returns the output that it made or changed. */
  add(outputs: NotebookOutput[], message: KernelMessage): NotebookOutput | null;
}

/** A collector; one per run of a notebook, since displays are found again by id across cells. */
export function createOutputCollector(): OutputCollector {
  const displays = new Map<string, Extract<NotebookOutput, { output_type: 'display_data' }>[]>();

  function display(outputs: NotebookOutput[], message: KernelMessage): NotebookOutput | null {
    const output = displayOutput(message.content);
    const id = displayId(message.content);
    if (message.type === 'update_display_data') {
      for (const shown of displays.get(id) ?? []) Object.assign(shown, output);
      return output;
    }
    if (id !== '') displays.set(id, [...(displays.get(id) ?? []), output]);
    outputs.push(output);
    return output;
  }

  return {
    add(outputs, message) {
      switch (message.type) {
        case 'stream':
          return addStream(outputs, message.content);
        case 'display_data':
        case 'update_display_data':
          return display(outputs, message);
        case 'execute_result':
          return push(outputs, {
            ...displayOutput(message.content),
            output_type: 'execute_result',
            execution_count: numberOf(message.content.execution_count),
          });
        case 'error':
          return push(outputs, errorOutput(message.content));
        default:
          return null;
      }
    },
  };
}

/** Stores texts as lists of lines, as Jupyter does: the file's diffs stay readable. */
export function storedOutputs(outputs: readonly NotebookOutput[]): NotebookOutput[] {
  return outputs.map((output) =>
    output.output_type === 'stream' ? { ...output, text: splitText(joinText(output.text)) } : output,
  );
}

/** An error output from its parts. */
export function makeError(ename: string, evalue: string, traceback: readonly string[] = []): ErrorOutput {
  return {
    output_type: 'error',
    ename,
    evalue,
    traceback: traceback.length > 0 ? [...traceback] : [`${ename}: ${evalue}`],
  };
}

function push(outputs: NotebookOutput[], output: NotebookOutput): NotebookOutput {
  outputs.push(output);
  return output;
}

/** Consecutive pieces of one stream are one output: 20,000 printed lines are not 20,000 outputs. */
function addStream(outputs: NotebookOutput[], content: KernelMessage['content']): NotebookOutput {
  const name = content.name === 'stderr' ? 'stderr' : 'stdout';
  const text = stringOf(content.text);
  const last = outputs.at(-1);
  if (last?.output_type !== 'stream' || last.name !== name)
    return push(outputs, { output_type: 'stream', name, text });
  last.text = joinText(last.text) + text;
  return last;
}

function displayOutput(
  content: KernelMessage['content'],
): Extract<NotebookOutput, { output_type: 'display_data' }> {
  return { output_type: 'display_data', data: recordOf(content.data), metadata: recordOf(content.metadata) };
}

function displayId(content: KernelMessage['content']): string {
  return stringOf(recordOf(content.transient).display_id);
}

function errorOutput(content: KernelMessage['content']): ErrorOutput {
  const lines = Array.isArray(content.traceback) ? content.traceback.map(String) : [];
  return makeError(stringOf(content.ename), stringOf(content.evalue), lines);
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
