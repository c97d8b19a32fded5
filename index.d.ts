// What the k6 binary of K6SUITE adds to JavaScript. The declarations are the contract of the modules: `make lint` holds
// every script against them.
/// <reference path="./types/chaos.d.ts" />
/// <reference path="./types/kafka.d.ts" />
/// <reference path="./types/trust.d.ts" />
