// danfojs-node asks for @tensorflow/tfjs-node. Two native backends in one process would register twice,
// so it gets the one that this project already uses.
module.exports = require('@tensorflow/tfjs-node-gpu');
