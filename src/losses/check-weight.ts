/** @throws RangeError when a term's weight is negative or no number. `example` is one that serves. */
export function checkWeight(loss: string, name: string, weight: number, example: number): void {
  if (!(weight >= 0 && Number.isFinite(weight))) {
    throw new RangeError(`${loss}: ${name} is ${weight}; it must be a number >= 0, e.g. ${example}.`);
  }
}
