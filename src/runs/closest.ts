// Defined one room further down, because data sets have names too; this is where everyone above finds it.
export { closest, editDistance } from '../data/closest.js';
