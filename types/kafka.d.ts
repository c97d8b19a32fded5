// k6/x/kafka: the Kafka client. Options are strict: an unknown key, a wrong type or an impossible value is an error that
// names the key and what is allowed. Nothing is opened in the init context: a client starts with its first call, and an
// address that does not answer is an error within 10 seconds that names it.
declare module "k6/x/kafka" {
  /** A time span: "250ms", "5s", "2m", or milliseconds. */
  type Duration = string | number;

  /** What can stand for bytes when sending. Strings are UTF-8. */
  type Bytes = string | ArrayBuffer | ArrayBufferView;

  /** Offsets by topic and partition. */
  type Offsets = Record<string, Record<number, number>>;

  /** Partitions by topic. */
  type Partitions = Record<string, readonly number[]>;

  /** Who has a password: it is read anew for each connection. */
  interface PasswordSasl {
    mechanism: "PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512";
    user: string;
    passwordEnv?: string;
    passwordFile?: string;
  }

  /** Who has a token: one of the three says where it is. A variable or file is read anew for each connection. */
  interface TokenSasl {
    mechanism: "OAUTHBEARER";
    tokenEnv?: string;
    tokenFile?: string;
    /** Gives tokens for the client's own credentials (RFC 6749, section 4.4). */
    tokenEndpoint?: {
      /** https, or http on this machine. */
      url: string;
      clientId: string;
      secretEnv?: string;
      secretFile?: string;
      scope?: string;
      /** PEM file that replaces the system's certificate authorities. */
      caFile?: string;
    };
  }

  export interface ClientOptions {
    /** Bootstrap addresses, host:port. Default: those of the profile, with its TLS, SASL and version settings. */
    brokers?: readonly string[];
    /** client.id. Default "k6suite". */
    clientId?: string;
    /** Encrypt connections. Only together with brokers. */
    tls?: {
      /** PEM file that replaces the system's certificate authorities. */
      caFile?: string;
      /** PEM files of the client's own certificate: both or none. */
      certFile?: string;
      keyFile?: string;
      /** Name to verify. Default: the host that is dialled. */
      serverName?: string;
      /** Accept any certificate: for experiments only. */
      insecureSkipVerify?: boolean;
    };
    /** Authenticate. Secrets are named by an environment variable or a file, one of them. Only together with brokers. */
    sasl?: PasswordSasl | TokenSasl;
    /** Highest Kafka version to speak, such as "2.8". Only together with brokers. */
    maxVersion?: string;
    /** Bound of one attempt to connect. Default "5s". Only together with brokers. */
    dialTimeout?: Duration;
    /** How long to wait for an answer, beyond what the request allows the broker. Default "10s". Only together with brokers. */
    requestTimeout?: Duration;
    /**
     * Share one client among all virtual users that give the same name and the same options; it is closed when the test
     * ends. Default: each virtual user has its own.
     */
    shared?: string;
  }

  /**
   * What the methods reject with, other than TypeError for a wrong argument. `code` is Kafka's name for the error, such as
   * MESSAGE_TOO_LARGE or UNKNOWN_TOPIC_OR_PARTITION, or a stable name for what happened in the client: RECORD_TIMEOUT,
   * DEADLINE_EXCEEDED, CANCELED, CONNECTION_REFUSED, CONNECTION_LOST, CONNECTION_TIMEOUT, TLS_FAILED, UNKNOWN_HOST,
   * CLIENT_CLOSED, BUFFER_FULL, INVALID_PARTITION, NO_TOPIC, DATA_LOSS, CLIENT_ERROR.
   */
  export interface KafkaError extends Error {
    name: "KafkaError";
    code: string;
    /** Of send: the records that were not acknowledged, by their index. The others were. */
    indexes?: number[];
    /** Of send: what became of each record, in the order of the call. */
    results?: SendResult[];
    /** Of poll: where it happened. */
    topic?: string;
    /** Of poll: -1 where the error concerns the whole client. */
    partition?: number;
  }

  export interface Header {
    key: string;
    value: Bytes | null;
  }

  /** A record to send. One that a Consumer returned can be sent too; it keeps its topic and partition. */
  export interface ProduceRecord {
    /** Default: the producer's topic. */
    topic?: string;
    /** Default: the partitioner chooses. */
    partition?: number;
    /** Default null: no key. */
    key?: Bytes | null;
    /** null: a tombstone. */
    value?: Bytes | null;
    /** In order, duplicates included; an object where neither matters. */
    headers?: readonly Header[] | Record<string, Bytes | null>;
    /** Milliseconds since 1970, or a Date. Default: now. */
    timestamp?: number | Date;
  }

  /**
   * ok: acknowledged at its offset. suspicious: acknowledged without an offset (the broker called it a duplicate). failed:
   * certainly not written. unknown: it may or may not be in the log, as always with acks "none".
   */
  export type Outcome = "ok" | "suspicious" | "failed" | "unknown";

  export interface SendResult {
    readonly topic: string;
    /** -1: none was chosen. */
    readonly partition: number;
    /** -1: none was given. */
    readonly offset: number;
    /** Milliseconds since 1970. */
    readonly timestamp: number;
    readonly outcome: Outcome;
    /** Kafka error name; absent where the record was acknowledged. */
    readonly error?: string;
  }

  export interface ProducerOptions extends ClientOptions {
    /** For records that name none. */
    topic?: string;
    /** Who must have a record before it counts (acks). Default "all". */
    acks?: "all" | "leader" | "none";
    /** Let the broker recognise what is sent twice (enable.idempotence). Default true with acks "all", else false. */
    idempotent?: boolean;
    /** Default "none". */
    compression?: "none" | "gzip" | "snappy" | "lz4" | "zstd";
    /** How long a batch waits to fill (linger.ms). Default "5ms". send does not wait for it. */
    linger?: Duration;
    /** Bytes of a batch. Default 1000000. A record that does not fit is MESSAGE_TOO_LARGE. */
    batchSize?: number;
    /** Unanswered requests per broker, without idempotence. Default 1; more makes reorder and duplicates legal. */
    inFlight?: number;
    /** Records that may wait; send waits for room (back-pressure). Default 50000. */
    maxBuffered?: number;
    /** How long a record may wait, retries included (delivery.timeout.ms). Default "2m". */
    deliveryTimeout?: Duration;
    /** murmur2 puts keys where Java's client does, crc32 where librdkafka does. Default "murmur2". */
    partitioner?: "murmur2" | "crc32" | "roundrobin";
    /** Ask the broker to create a missing topic. Default false. */
    autoCreate?: boolean;
    /**
     * transactional.id (KIP-98): all that the producer sends belongs to a transaction, between begin and commit or abort. Who comes later
     * with the same one fences it, and aborts what it has left open.
     */
    transactionalId?: string;
    /** How long a transaction may be open before the broker aborts it (transaction.timeout.ms). Default "40s". */
    transactionTimeout?: Duration;
  }

  /** What a KafkaError of commit says of the transaction in its property outcome: unknown means that nobody knows. */
  export type TransactionOutcome = "aborted" | "unknown";

  /** What producers with a transactionalId and processors do. Others reject. */
  interface Transactional {
    /** begin opens a transaction. */
    begin(): Promise<void>;
    /**
     * commit commits the open transaction. It rejects with a KafkaError whose outcome is "aborted" where a record was not acknowledged,
     * and nothing was committed; "unknown" where nobody knows whether it was. Default timeout "60s".
     */
    commit(options?: { timeout?: Duration }): Promise<void>;
    /** abort aborts the open transaction; without one it does nothing. Default timeout "60s". */
    abort(options?: { timeout?: Duration }): Promise<void>;
    /**
     * transaction begins, has a function send what belongs to the transaction, and commits. Where the function fails it aborts, and rejects
     * with the function's own error; if the abort fails, too, that is the error's abortError.
     */
    transaction<T>(work: (tx: this) => Promise<T> | T): Promise<T>;
  }

  export interface ProcessorOptions extends ClientOptions {
    /** What is consumed: only what is committed. */
    topics: string[];
    /** Whose offsets are part of the transactions. */
    group: string;
    /** transactional.id: one that comes after it with the same id goes on where its last committed transaction ended. */
    transactionalId: string;
    /** transaction.timeout.ms. Default "40s". */
    transactionTimeout?: Duration;
    /** session.timeout.ms of the group. Default "45s". */
    sessionTimeout?: Duration;
    keyAs?: "string" | "json" | "bytes";
    valueAs?: "string" | "json" | "bytes";
  }

  /** A Processor consumes, transforms and produces: its transactions contain how far it has consumed (KIP-447). */
  export class Processor implements Transactional {
    constructor(options: ProcessorOptions);
    /** poll gives committed records; the next transaction that is committed contains that they are done. Not while one is open. */
    poll(options?: { max?: number; timeout?: Duration }): Promise<ConsumedRecord[]>;
    send(records: ProduceRecord | ConsumedRecord | readonly (ProduceRecord | ConsumedRecord)[],
      options?: { timeout?: Duration }): Promise<SendResult[]>;
    begin(): Promise<void>;
    /** commit also commits the offsets. Where its outcome is "unknown" (a rebalance, for one), close the processor and make another one. */
    commit(options?: { timeout?: Duration }): Promise<void>;
    /** abort goes back to what is committed: poll gives the records again. */
    abort(options?: { timeout?: Duration }): Promise<void>;
    transaction<T>(work: (tx: this) => Promise<T> | T): Promise<T>;
    /** close leaves the group. A transaction that is open stays open, as in a crash, until its id is used again or its time is over. */
    close(): Promise<void>;
  }

  export class Producer implements Transactional {
    constructor(options?: ProducerOptions);
    /**
     * send sends records and waits until each is acknowledged: one result per record, in order. It rejects with a KafkaError
     * if any was not; the error's indexes say which, its results what became of each. A batch that the broker finds too
     * large is sent again in smaller ones, so that only a record that is too large by itself fails.
     * @param options timeout: default "60s"; what is unanswered then is unknown
     */
    send(records: ProduceRecord | ConsumedRecord | readonly (ProduceRecord | ConsumedRecord)[],
      options?: { timeout?: Duration }): Promise<SendResult[]>;
    /** flush waits until everything that was handed over has settled. Default timeout "60s". */
    flush(options?: { timeout?: Duration }): Promise<void>;
    begin(): Promise<void>;
    commit(options?: { timeout?: Duration }): Promise<void>;
    abort(options?: { timeout?: Duration }): Promise<void>;
    transaction<T>(work: (tx: this) => Promise<T> | T): Promise<T>;
    /** close sends what is left, and ends the client. The end of the test does so too. */
    close(): Promise<void>;
  }

  /** A record that was read. Its values are made when they are touched; none can be changed. */
  export interface ConsumedRecord<K = any, V = any> {
    readonly topic: string;
    readonly partition: number;
    readonly offset: number;
    /** Milliseconds since 1970. */
    readonly timestamp: number;
    /** As keyAs says; null: none. */
    readonly key: K | null;
    /** As valueAs says; null: a tombstone. With "json", text that is not JSON throws here. */
    readonly value: V | null;
    /** In order, duplicates included. */
    readonly headers: { key: string; value: Uint8Array | null }[];
    /** -1: the broker does not tell. */
    readonly leaderEpoch: number;
  }

  export interface ConsumerOptions extends ClientOptions {
    /** All partitions of these; in a group, shared with its other members. Or name partitions, or start.offsets. */
    topics?: readonly string[];
    /** Exactly these. Not in a group. */
    partitions?: Partitions;
    /** group.id. Default: none. */
    group?: string;
    /**
     * How the group is run (group.protocol): by its members, or by its coordinator (KIP-848), which then says what balancers,
     * sessionTimeout and heartbeat say: leave these out. Brokers that do not know it are an error of poll. Default "classic".
     */
    protocol?: "classic" | "consumer";
    /**
     * Where a partition begins; in a group, one without a committed offset (auto.offset.reset). Default "earliest".
     * { offsets } names the partitions at the same time, and is not for groups. "none", for groups: an error.
     */
    start?: "earliest" | "latest" | "none" | { timestamp: number | Date } | { offsets: Offsets };
    /** When a position is not in the log any more. Default "none": an error, never a jump in silence. */
    reset?: "none" | "earliest" | "latest";
    /** isolation.level. Default "read_uncommitted". */
    isolation?: "read_uncommitted" | "read_committed";
    /** Commit by itself, this often. Default: only commit() commits. */
    autoCommit?: Duration;
    /** session.timeout.ms. Default "45s". */
    sessionTimeout?: Duration;
    /** heartbeat.interval.ms. Default "3s". */
    heartbeat?: Duration;
    /** How long a rebalance waits for members. Default "60s". */
    rebalanceTimeout?: Duration;
    /** partition.assignment.strategy. Default ["cooperative-sticky"]. */
    balancers?: readonly ("cooperative-sticky" | "sticky" | "range" | "roundrobin")[];
    /** group.instance.id: static membership. */
    instanceId?: string;
    /** Bytes of one fetch (fetch.max.bytes). Default 52428800. */
    fetchMaxBytes?: number;
    /** Ask the broker to create a missing topic. Default false. */
    autoCreate?: boolean;
    /** Form of keys. Default "bytes": Uint8Array. */
    keyAs?: "bytes" | "string" | "json";
    /** Form of values. Default "bytes": Uint8Array. */
    valueAs?: "bytes" | "string" | "json";
  }

  export class Consumer<K = any, V = any> {
    constructor(options: ConsumerOptions);
    /**
     * poll resolves to what there is, as soon as there is a record; to none after timeout. What it read and does not return
     * stays for the next poll, and an error never takes records with it.
     * @param options max: most records, default 500; timeout: default "1s"
     */
    poll(options?: { max?: number; timeout?: Duration }): Promise<ConsumedRecord<K, V>[]>;
    /** commit commits the given offsets, each the next to read, or, without any, what poll has returned. Resolves to them. */
    commit(offsets?: Offsets): Promise<Offsets>;
    /** seek moves positions: the next poll returns records from there. */
    seek(offsets: Offsets): Promise<void>;
    /** The next offset that poll can return, by partition; -1 where that is not known yet. */
    position(): Offsets;
    /** What the consumer owns now. */
    assignment(): Record<string, number[]>;
    /** lag resolves to the records between position and the end of the log, by partition. */
    lag(): Promise<Offsets>;
    /** pause stops returning records of these partitions. */
    pause(partitions: Partitions): Promise<void>;
    /** resume undoes pause. */
    resume(partitions: Partitions): Promise<void>;
    /** close leaves the group without a commit, and ends the client. The end of the test does so too. */
    close(): Promise<void>;
  }

  export interface TopicSpec {
    topic: string;
    /** Default: the broker's. */
    partitions?: number;
    /** Default: the broker's. */
    replication?: number;
    /** Such as { "max.message.bytes": 100000 }. */
    configs?: Record<string, string | number | boolean>;
  }

  export interface TopicDescription {
    topic: string;
    /** 32 hexadecimal digits. */
    id: string;
    internal: boolean;
    partitions: { partition: number; leader: number; leaderEpoch: number; replicas: number[]; isr: number[] }[];
  }

  export interface GroupDescription {
    group: string;
    /** The protocol that runs it (group.protocol): consumer, where the coordinator does (KIP-848). */
    type: "classic" | "consumer";
    /** Empty, PreparingRebalance, CompletingRebalance, Stable; of type consumer Assigning and Reconciling; Dead where it does not exist. */
    state: string;
    /** The balancer that its members agreed on; of type consumer the coordinator's assignor. */
    protocol: string;
    /** Of type consumer: counts the changes of members and topics. Else 0. */
    epoch: number;
    /** Broker id. */
    coordinator: number;
    /** epoch: of type consumer, the one whose assignment the member has come to; else 0. */
    members: { id: string; instanceId: string; clientId: string; host: string; epoch: number; assigned: Record<string, number[]> }[];
  }

  export interface ConfigEntry {
    name: string;
    /** Empty where the broker keeps it to itself. */
    value: string;
    sensitive: boolean;
    /** Such as DYNAMIC_TOPIC_CONFIG or DEFAULT_CONFIG. */
    source: string;
  }

  export class Admin {
    constructor(options?: ClientOptions);
    createTopics(topics: readonly TopicSpec[]): Promise<void>;
    deleteTopics(topics: readonly string[]): Promise<void>;
    /** describeTopics rejects where a topic does not exist; asking never creates it. */
    describeTopics(topics: readonly string[]): Promise<TopicDescription[]>;
    /** listTopics names all that are not internal. */
    listTopics(): Promise<string[]>;
    /** addPartitions raises the number of partitions to total. */
    addPartitions(topic: string, total: number): Promise<void>;
    /** deleteRecords deletes what stands before the offsets, and resolves to where the logs begin now. */
    deleteRecords(before: Offsets): Promise<Offsets>;
    /**
     * listOffsets asks each partition where its log begins ("earliest") or ends ("latest", the default; "stable": its last
     * stable offset), or which record is the first at or after a time.
     */
    listOffsets(topics: readonly string[], at?: "earliest" | "latest" | "stable" | number | Date): Promise<Offsets>;
    describeGroups(groups: readonly string[]): Promise<GroupDescription[]>;
    listGroups(): Promise<string[]>;
    /** deleteGroups deletes groups without members. */
    deleteGroups(groups: readonly string[]): Promise<void>;
    /** committedOffsets leaves out partitions without a commit. */
    committedOffsets(group: string): Promise<Offsets>;
    /** lag adds up, over all partitions of the topics, the records behind the group's committed offsets. */
    lag(group: string, topics: readonly string[]): Promise<number>;
    describeConfigs(of: { topic: string } | { broker: number }): Promise<ConfigEntry[]>;
    /** alterConfigs sets these values of a topic and leaves the others alone. */
    alterConfigs(topic: string, configs: Record<string, string | number | boolean>): Promise<void>;
    /** brokers lists those that the metadata shows. */
    brokers(): Promise<{ id: number; host: string; port: number; rack: string }[]>;
    close(): Promise<void>;
  }
}
