// Package kafkaproxy is a proxy that understands the Kafka protocol: it stands between clients and a cluster, sees every request
// and response decoded, and has all traffic of the cluster pass. It knows two modes.
//
// Mirror: each broker gets a listener of its own. Node ids stay; wherever a response names a broker, it names that listener.
//
// Single endpoint: the whole cluster stands behind one address. Clients see one broker, node 0, which leads every partition and
// coordinates every group and transaction. The proxy routes requests to who is responsible, splits those that concern several
// brokers, and merges their answers, so that a broker that dies or joins never changes what clients see.
//
// Rules make it lose, delay, double, refuse and spoil messages on their way. Without a rule that matches, a message passes byte for
// byte, except for what names brokers.
package kafkaproxy
