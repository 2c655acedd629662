/**
 * Errors as Jupyter knows them: an `error` message with name, value and traceback, and a reply that says the same, so
 * that "run all" stops and the text stays with the cell.
 *
 * tslab writes the stack to stderr and replies `error` with nothing more; a rejection that nobody awaited leaves the
 * cell's status at `ok`. Here the executor's own error log is caught, and Node's reports of unawaited rejections and
 * asynchronous exceptions are waited for before a cell counts as done.
 */
'use strict';

const { format, inspect } = require('node:util');
const { setImmediate, setTimeout } = require('node:timers');
const { createGatherer, createWriter } = require('./preload-streams.cjs');
const { beginCell, mapPlaces } = require('./preload-compiler.cjs');
const { interruptCell, runInterruptible } = require('./preload-interrupt.cjs');

/** How `care`'s display functions reach the kernel: a function of (message content, whether it is an update). */
const DISPLAY = Symbol.for('care.notebook.display');

/** Frames of Node, tslab and this preload say nothing to a reader. */
const FOREIGN_FRAME = /^\s+at .*(node:|[\\/]tslab[\\/]dist[\\/]|[\\/]preload-\w+\.cjs)/;
/** Node puts the generated line and an arrow before the stack of an exception that leaves `vm`. */
const ARROW = /^In\[\d+\]:\d+\n.*\n\s*\^+\n\n?/;
/** The call of the function that tslab wraps a cell in, right below the cell's own frame. */
const WRAPPER_FRAME = /(\n\s+at In\[(\d+)\]:\d+:\d+)\n\s+at In\[\2\]:\d+:\d+(?=\n|$)/;

/** The cell that runs, and the last one that ran: late output and late errors belong to it. */
let running = null;
let latest = null;

/** What to say when the reader pressed stop, in the words of the work that was stopped where it has some; else null. */
function interruptText(error) {
  if (error?.name === 'InterruptedError' && typeof error.message === 'string') return error.message;
  const message = error instanceof Error ? error.message : '';
  const isOurs =
    message === 'Interrupted asynchronously' || /^Script execution was interrupted by/.test(message);
  return isOurs ? 'the cell was interrupted' : null;
}

function describe(error) {
  const interrupted = interruptText(error);
  if (interrupted !== null) {
    return { ename: 'Interrupted', evalue: interrupted, traceback: [`Interrupted: ${interrupted}`] };
  }
  // Anything can be thrown, objects of another realm included, so no instanceof here.
  const isError = typeof error === 'object' && error !== null && typeof error.message === 'string';
  const ename = isError ? String(error.name ?? 'Error') : 'Thrown';
  const evalue = isError ? error.message : inspect(error, { depth: 2, breakLength: 100 });
  if (!isError) return { ename, evalue, traceback: [`${ename}: ${evalue}`] };
  // Errors with a hint are meant for the reader, whom stack and fields tell nothing more; see runs/user-error.ts.
  if (typeof error.hint === 'string') {
    return { ename, evalue, traceback: [`${ename}: ${evalue}`, ...(error.hint === '' ? [] : [error.hint])] };
  }
  const { text, at } = mapPlaces(inspect(error, { depth: 3 }).replace(ARROW, ''));
  const lines = text
    .replace(WRAPPER_FRAME, '$1')
    .split('\n')
    .filter((line) => !FOREIGN_FRAME.test(line));
  const place = at ? [`In[${at.cell}], line ${at.line}: ${at.source}`] : [];
  return { ename, evalue, traceback: [...place, ...lines] };
}

/** tslab logs compile errors with a format string, one call each, and everything else as one thrown value. */
function recordFailure(cell, args) {
  if (args.length === 1) {
    cell.failure ??= describe(args[0]);
    return;
  }
  const line = format(...args).replace(/^(\d+:\d+)/, `In[${cell.number}]:$1`);
  cell.failure ??= { ename: 'CompileError', evalue: line, traceback: [] };
  cell.failure.traceback.push(line);
}

function publishFailure(cell) {
  if (!cell.failure || cell.published) return;
  cell.published = true;
  cell.publish('error', cell.failure);
}

/** A rejection or exception that no code waits for, told at once, and to the cell that runs now or ran last. */
function reportAsynchronous(error) {
  const cell = running ?? latest;
  if (!cell) {
    console.error(error);
    return;
  }
  const failure = describe(error);
  failure.traceback.push(
    '(nobody awaited this: look for a promise without await, or a callback that throws)',
  );
  cell.publish('error', failure);
  if (!cell.failure) {
    cell.failure = failure;
    cell.published = true;
  }
}

/** Replaces tslab's listeners, which write to stderr, after `startKernel` has added them. */
function takeOverAsynchronousErrors() {
  for (const event of ['unhandledRejection', 'uncaughtException']) {
    process.removeAllListeners(event);
    process.on(event, reportAsynchronous);
  }
}

function mendExecutor(executor) {
  const create = executor.createExecutor;
  executor.createExecutor = (folder, converters, log) => {
    const error = (...args) => (running ? recordFailure(running, args) : log.error(...args));
    const inner = create(folder, converters, { log: log.log, error });
    setImmediate(takeOverAsynchronousErrors);
    const execute = async (source) => {
      const cell = running;
      beginCell(cell?.number ?? 0, source);
      let ok = false;
      try {
        ok = await runInterruptible(() => inner.execute(source));
      } catch (thrown) {
        if (cell) recordFailure(cell, [thrown]);
      }
      // Node tells of unawaited rejections only once the microtasks are done: two turns of the loop.
      for (let turn = 0; turn < 2; turn++) await new Promise(setImmediate);
      return ok && !cell?.failure;
    };
    return { ...inner, execute, interrupt: () => interruptCell(inner.interrupt) };
  };
}

/** A cell in the making: how to publish for it, and what became of it. */
function createCell(server, message) {
  function send(type, content) {
    if (server.iopub.closed) return;
    const out = message.createReply();
    out.header.msg_type = type;
    out.content = content;
    out.signAndSend(server.connInfo.key, server.iopub);
  }
  const gatherer = createGatherer((content) => send('stream', content));
  function publish(type, content) {
    gatherer.flush();
    send(type, content);
  }
  return {
    number: 0,
    failure: null,
    published: false,
    write: gatherer.write,
    flush: gatherer.flush,
    publish,
  };
}

function mendJupyter(jupyter) {
  const { JupyterHandlerImpl: Handler, ZmqServer: Server } = jupyter;
  const cells = new WeakMap();

  Server.prototype.handleExecute = async function (socket, message) {
    const cell = createCell(this, message);
    cells.set(message.content, cell);
    const display = (content, update) =>
      cell.publish(update ? 'update_display_data' : 'display_data', content);
    const content = await this.handler.handleExecute(message.content, cell.write, display);
    cell.flush();
    const reply = message.createReply();
    reply.header.msg_type = 'execute_reply';
    // Jupyter's word is "aborted"; with "abort" JupyterLab leaves the cells after an error as if still running.
    reply.content = {
      ...content,
      ...cell.failure,
      status: content.status === 'abort' ? 'aborted' : content.status,
    };
    reply.signAndSend(this.connInfo.key, socket);
  };

  const execute = Handler.prototype.handleExecuteImpl;
  Handler.prototype.handleExecuteImpl = async function (request, ...rest) {
    const cell = cells.get(request);
    cell.number = this.execCount + 1;
    running = latest = cell;
    cell.publish('execute_input', { code: request.code, execution_count: cell.number });
    try {
      return await execute.call(this, request, ...rest);
    } finally {
      publishFailure(cell);
      running = null;
    }
  };

  Handler.prototype.createWriteToIopub = (name, write) => createWriter((text) => write(name, text));
  globalThis[DISPLAY] = (content, update) => {
    if (!jupyter.lastWriteDisplayData)
      throw new Error('the kernel has not run a cell yet: there is nowhere to display');
    jupyter.lastWriteDisplayData(content, update);
  };
  endWithServer(Server);
  answerQuestions(Server);
}

/** A timer or socket that a cell left open would keep the process, and its memory, after Jupyter's shutdown. */
function endWithServer(Server) {
  const close = Server.prototype.close;
  Server.prototype.close = function () {
    close.call(this);
    // Time for the reply to leave: closed sockets still send what they hold.
    setTimeout(() => process.exit(0), 100);
  };
}

/** Requests that JupyterLab sends on opening and tslab answers wrongly, or with a notice on stderr. */
function answerQuestions(Server) {
  let Message = null;
  const reply = (server, socket, message, type, content) => {
    const out = message.createReply();
    out.header.msg_type = type;
    out.content = content;
    out.signAndSend(server.connInfo.key, socket);
  };
  Server.prototype.handleCommInfoRequest = function (socket, message) {
    reply(this, socket, message, 'comm_info_reply', { status: 'ok', comms: {} });
  };
  const kernelInfo = Server.prototype.handleKernelInfo;
  Server.prototype.handleKernelInfo = function (socket, message) {
    // The class is not exported, but it always reads the first question before any other is asked.
    Message = message.constructor;
    return kernelInfo.call(this, socket, message);
  };
  const handle = Server.prototype.handleShellMessage;
  Server.prototype.handleShellMessage = async function (socket, ...frames) {
    if (!Message || messageType(frames) !== 'history_request') return handle.call(this, socket, ...frames);
    const message = Message.fromRaw(this.connInfo.key, frames);
    this.publishStatus('busy', message);
    reply(this, socket, message, 'history_reply', { status: 'ok', history: [] });
    this.publishStatus('idle', message);
  };
}

function messageType(frames) {
  const delimiter = frames.findIndex((frame) => frame.toString() === '<IDS|MSG>');
  return delimiter < 0 ? '' : JSON.parse(frames[delimiter + 2]?.toString() ?? '{}').msg_type;
}

module.exports = { mendExecutor, mendJupyter };
