const refuse = () => {
  throw new Error('Reading and writing workbooks is not available here: use CSV (readCSV, toCSV) instead.');
};
module.exports = { read: refuse, readFile: refuse, write: refuse, writeFile: refuse, utils: {} };
