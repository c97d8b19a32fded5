declare module "k6/x/trust" {
  import type { ConsumedRecord, Offsets, ProduceRecord } from "k6/x/kafka";

  /** A time span: "250ms", "5s", "2m", or milliseconds. */
  type Duration = string | number;

  /** The profile that K6_PROFILE names, with every default and every override from the environment applied. */
  export interface Profile {
    readonly name: string;
    readonly runId: string;
    readonly description: string;
    /** embedded, kafka, kafscale or other. */
    readonly system: string;
    /** host:port; empty for the embedded target, which is not started yet. */
    readonly brokers: readonly string[];
    /** What the target promises, by the name of the claim. */
    readonly claims: Readonly<Record<string, boolean>>;
    /** Bounds that requirements use; durations as "5s". */
    readonly limits: Readonly<Record<string, string | number>>;
    /** How topics are created; -1: as many copies as the broker makes by default. */
    readonly topics: { readonly replicationFactor: number };
    /** Prometheus URLs, one a broker. */
    readonly metrics: readonly string[];
    /** How faults are injected; absent where the profile does not say. Durations as "5s". */
    readonly chaos?: {
      readonly platform?: string;
      readonly kafkaProxy?: string;
      readonly lease?: string;
      readonly brokers?: readonly unknown[];
    };
  }

  /** profile loads the profile. It throws where the profile is unknown or wrong, naming the key. */
  export function profile(): Profile;

  export interface LedgerOptions {
    /** Name of the script, without .js: decides which requirements are judged. */
    script: string;
    /** Default: k6suite-<script>-<run id>. */
    topic?: string;
    /** Several topics: short names, each of which is appended to `topic`. Default: one, `topic` itself. */
    topics?: string[];
    /** Partitions of each topic. Default 3. */
    partitions?: number;
    /** How many records the run will send in all: readers wait for them, and fewer acked ones are INCONCLUSIVE. */
    records?: number;
    /** Leave the creation of the topic to the target. Default false. */
    autoCreate?: boolean;
    /**
     * Other clients write to the topic, too, and may have created it: then it is taken as it is, and records of others are counted and
     * reported, and are no PHANTOM. Default false: the topic is the run's own.
     */
    sharesTopic?: boolean;
    /**
     * What the script does to the target: "storage" for faults on object storage, "wire" for those on messages, or what happens to
     * brokers. Where the profile says nothing of how, all that the script judges is NOT CLAIMED.
     */
    needs?: ("kill" | "stop" | "start" | "pause" | "add" | "remove" | "storage" | "wire")[];
  }

  /** What preflight found out; setup hands it to every function of the script. */
  export interface TargetInfo {
    profile: string;
    system: string;
    /** The one address that was used. */
    bootstrap: string;
    brokers: { id: number; address: string; controller: boolean }[];
    /** Prometheus URLs, none where the target serves none. */
    metrics: string[];
    /** The first of topics. */
    topic: string;
    topics: string[];
    /** false: nothing answered, and the run will be INCONCLUSIVE. */
    reached: boolean;
  }

  export interface ProduceOptions {
    /** One of the ledger's topics. Default: the first. */
    topic?: string;
    /** How many to send. Default 1. */
    records?: number;
    /** Bytes of a value. Default 200; never less than the envelope that carries the identity. */
    size?: number;
    /** How many keys to use in turn. Default 0: records have no key. */
    keys?: number;
    /** Explicit partition. Default: the partitioner chooses. */
    partition?: number;
    /** Send through one Kafka client that all virtual users share. Default false: one client each. */
    shared?: boolean;
    /** Default "none". */
    compression?: "none" | "gzip" | "snappy" | "lz4" | "zstd";
    /** Bytes of a batch. Default 16384, as Java's batch.size. */
    batchSize?: number;
    /**
     * So many answers to this call never reach the client: its connection ends when one comes, so that it sends again what was written.
     * Fewer make F8.2 INCONCLUSIVE. Not over TLS, where nobody can tell answers. Default 0.
     */
    loseAnswers?: number;
    /** How long to wait for the acknowledgements. Default "60s"; what is unanswered then is unknown. */
    timeout?: Duration;
    /** Send so many records again and again, for this time, each time when the last are answered. Default: once. */
    for?: Duration;
    /** With for: how often, at most. Default "100ms". */
    every?: Duration;
  }

  /** Outcomes of one call, in records. */
  export interface Produced {
    acked: number;
    /** Among acked: those without an offset. */
    suspicious: number;
    /** Definitely not written. */
    failed: number;
    /** May or may not have been written. */
    unknown: number;
    /** Failed and unknown ones by Kafka error name. */
    errors: Record<string, number>;
    /** Answers that never reached the client (loseAnswers). */
    lost: number;
    /** Why nothing was sent; empty where something was. */
    stopped: string;
  }

  export interface AccessOptions {
    /** How long one request may take. Default "5s"; one that takes longer was not refused clearly. */
    timeout?: Duration;
  }

  /** What was asked for, and how it ended. */
  export interface AccessSeen {
    principals: string[];
    /** How many requests were made. */
    requests: number;
    /** For people: a line for each operation, a column for each principal and whose things it asked for. */
    matrix: string;
    /** What was not tried, and why. */
    notes: string[];
    /** Why nothing was asked; empty where something was. */
    stopped: string;
  }

  export interface ConsumeOptions {
    /** Consumer group. Default: none, this reader reads all partitions by itself from the log start. */
    group?: string;
    /**
     * When it is enough: "sent" waits until all announced records were sent and every acked one was read; "acked" until
     * every record that is acked by now was read; "end" until all traffic that flows (produce with `for`) has ended and every acked
     * record was read. Default "sent" where the ledger knows how many there will be.
     */
    until?: "sent" | "acked" | "end";
    /** "read_committed" reads what is committed only. Default "read_uncommitted". */
    isolation?: "read_uncommitted" | "read_committed";
    /** Stop after so many records. Default 0: no such bound. */
    records?: number;
    /** Stop after this time. Default: no such bound. */
    for?: Duration;
    /** Give up after this time. Default "60s". */
    timeout?: Duration;
    /**
     * How the group is run (group.protocol): by its members, or by its coordinator (KIP-848), which then also says how they share partitions,
     * how often it is to hear of a member and for how long that may be silent: balancer, heartbeat and sessionTimeout cannot be asked for.
     * Default "classic".
     */
    protocol?: "classic" | "consumer";
    /** How the members of the group share partitions (partition.assignment.strategy). Default "cooperative-sticky"; all others are eager. */
    balancer?: "cooperative-sticky" | "sticky" | "range" | "roundrobin";
    /** For how long a member may be silent (session.timeout.ms). Default "45s". */
    sessionTimeout?: Duration;
    /** heartbeat.interval.ms. Default "3s". */
    heartbeat?: Duration;
    /**
     * End as if the process had died: without leaving the group, and without a last commit. With records, it commits after each poll but the
     * last one. Default false.
     */
    crash?: boolean;
    /**
     * When a member commits what it was given: "after" it was processed, so that a crash has it processed again (at least once), or
     * "before", so that a crash leaves it out (at most once). What cannot be committed then is not processed. Default "after".
     */
    commit?: "after" | "before";
    /**
     * Where a member begins in a partition of which its group has no committed offset, or one that is not in the log any more
     * (auto.offset.reset). What the target answers to that is judged (OFFSET_RESET); nobody but ledger.consume may commit for the group.
     * Default: at the earliest, and not judged.
     */
    offsetReset?: "earliest" | "latest" | "none";
  }

  export interface Consumed {
    records: number;
    /** The reader, or its group, has read every acked record. */
    complete: boolean;
    /** Acked records that it had not read in the end. */
    missing: number;
    /** How often partitions were assigned to it. */
    rebalances: number;
    /** Among records: those that its group had processed before. */
    again: number;
    /** The first of these: where each stands, and its UUID. */
    repeated: string[];
    /** Processed, and not committed, when it crashed. */
    uncommitted: number;
    /** Committed, and not processed, when it crashed. */
    unprocessed: number;
    /** With offsetReset: how often it had no offset to go on from, each partition counted, and was sent to one. */
    resets: number;
    /** With offsetReset "none": what the client says of an offset that is missing, or not in the log any more. Empty where it read. */
    refused: string;
    /** Why nothing was read; empty where something was. */
    stopped: string;
  }

  export interface TransactOptions {
    /** A topic of the run. Default: its first. */
    topic?: string;
    /** How many records, over all partitions in turn. Default 1. */
    records?: number;
    /** Bytes of a value. Default 200. */
    size?: number;
    /** The transaction is aborted, not committed. */
    abort?: boolean;
    /** How long it stays open once its records are acked. Default: not at all. */
    hold?: Duration;
    /** How long to wait for the acks, and for its end. Default "60s". */
    timeout?: Duration;
  }

  export interface Transacted {
    /** Unknown: a commit was asked for, and nobody knows whether it happened. Empty: nothing was sent. */
    outcome: "committed" | "aborted" | "unknown" | "";
    acked: number;
    failed: number;
    unknown: number;
    /** By Kafka error name. */
    errors: Record<string, number>;
    /** Why nothing was sent; empty where something was. */
    stopped: string;
  }

  export interface TransformOptions {
    /** Of the processor: its offsets are part of its transactions. One that comes later with the same group goes on where it ended. */
    group: string;
    /** Topic that is consumed. Default: the first of the run. */
    from?: string;
    /** Topic to which each record's output is produced, into the partition of its source. Default: the second of the run. */
    to?: string;
    /** Source records of one transaction, at most. Default 50. */
    batch?: number;
    /** Of so many transactions one is aborted, and its source records are processed again. Default: none. */
    abortEvery?: number;
    /** After so many transactions the processor ends in the middle of the next one, as in a crash. Default: it does not. */
    crashAfter?: number;
    /** Give up after this time. Default "60s". */
    timeout?: Duration;
  }

  export interface Transformed {
    /** Source records whose transaction was committed. */
    records: number;
    /** Transactions, by outcome. */
    committed: number;
    aborted: number;
    unknown: number;
    crashed: boolean;
    /** All that was committed in the source was processed. */
    complete: boolean;
    /** Why nothing was done; empty where something was. */
    stopped: string;
  }

  export interface WatchOptions {
    /** How often to ask. Default "100ms". */
    every?: Duration;
    /** At most for so long. Default "60s". */
    timeout?: Duration;
  }

  export interface Watched {
    questions: number;
    /** Why nothing was asked; empty where something was. */
    stopped: string;
  }

  export interface StormOptions {
    /** How many connections are to be open at once: one number, or several in ascending order, a stage each. */
    connections: number | number[];
    /** How long a stage may take to have them open. Default "60s". */
    over?: Duration;
    /** How long a stage keeps them. Default "5s". */
    hold?: Duration;
    /** Part of the connections, from 0 to 1, that is closed and opened again each second meanwhile. Default 0.02. */
    churn?: number;
    /** Part of a stage that is opened besides, and never says anything. Default 0.01. */
    halfOpen?: number;
    /** Part of the connections that say their first request a byte at a time. Default 0.01. */
    slow?: number;
    /** How often each connection asks for an answer, so that it is known to live. Default "10s". */
    beat?: Duration;
    /** Decides which connections are closed, slow, or reset instead of closed. Default 1. */
    seed?: number;
  }

  /** What became of connections. Attempts that failed were made again. */
  export interface StormCounts {
    /** At the end: open, and answered. */
    open: number;
    /** Attempts. */
    tried: number;
    accepted: number;
    refused: number;
    timedOut: number;
    reset: number;
    closed: number;
    /** Answered with something else: an error, or what is not Kafka. */
    failed: number;
    /** This machine had no descriptor, port or memory left: not the target's. */
    ours: number;
    /** Open ones that the target ended, or did not answer any more. */
    lost: number;
    /** Open ones that were closed to be opened again. */
    churned: number;
    halfOpen: number;
    /** Half-open ones that the target ended, as it may. */
    halfOpenEnded: number;
    slow: number;
  }

  export interface StormStage {
    asked: number;
    /** At the end of the stage. */
    open: number;
    /** Not open, though the target was asked. */
    turnedDown: number;
    /** Not open, and not the target's doing. */
    unfinished: number;
    /** Until all were open, or until there was no time left. */
    seconds: number;
    within: number;
    counts: StormCounts;
    /** Why the last one was turned down. */
    turned: string;
    /** Why the last one was lost. */
    lostWhy: string;
  }

  export interface Stormed {
    stages: StormStage[];
    /** Once more after all had been closed. */
    again?: StormStage;
    counts: StormCounts;
    /** What this machine ran out of; empty: nothing. */
    ours: string;
    /** Seconds that the process which opens connections once did not get to run. */
    lag: number;
    /** Bytes that it had resident at most. */
    memory: number;
    /** Why there was no storm; empty where there was. */
    stopped: string;
  }

  export type Status = "PASS" | "FAIL" | "INCONCLUSIVE" | "NOT CLAIMED";

  /** One broken rule with its evidence. What is not known is absent. */
  export interface Finding {
    /** The rule, such as LOST_ACKED. */
    code: string;
    /** Which of several promises it broke, for rules that guard several: "address". */
    aspect?: string;
    topic?: string;
    /** -1: it is not about one. */
    partition: number;
    /** -1: it is not about one. */
    offset: number;
    /** UUID of the record. */
    record?: string;
    /** Who sent it. */
    producer?: string;
    /** The record's number among those of its producer, from 0 on; -1: it is not about one. */
    sequence: number;
    /** RFC 3339, UTC. */
    time?: string;
    /** Key in the bucket. */
    object?: string;
    reader?: string;
    detail: string;
    /** How many times the rule was broken, where this finding stands for more than one. */
    count?: number;
  }

  /** What verdict.json holds. The members that scripts have a use for are declared. */
  export interface Verdict {
    run: string;
    script: string;
    /** S1 to S10. */
    scenario: string;
    profile: string;
    system: string;
    status: Status;
    /** Evidence: sentences, the telling one first. */
    requirements: { id: string; title: string; status: Status; evidence: string[] }[];
    /** Every finding that counts. */
    findings: Finding[];
    /** What faults of the run were meant to bring about, exactly as often: proof that it is noticed. They do not count. */
    foreseen: Finding[];
    /** Findings that break only what the profile does not claim; they do not count. */
    unclaimed: Finding[];
    /** Why requirements are INCONCLUSIVE. Without requirements: all of them. */
    doubts: { text: string; requirements?: string[] }[];
    /** What was seen, in part. */
    measured: {
      /** Each fault of the run, with what it hit. */
      faults?: { number: number; spec: string; hits: number; took?: string[]; began?: string; ended?: string; err?: string }[];
      /** How partitions recovered from interruptions; worst in seconds, the slowest first. */
      recoveries?: { topic: string; partition: number; times: number; recovered: number; worst: number; after: string }[];
    };
    /** Worth knowing, and judged by nobody. */
    notes: string[];
  }

  /** What a target's brokers offer, and what of it the suite misses. */
  export interface Versions {
    /** client.maxVersion of the profile. */
    maxVersion?: string;
    brokers: { id: number; address: string; guess?: string; apis: { key: number; name: string; min: number; max: number }[]; err?: string }[];
    /** claimed: the profile claims what it is needed for, or every script needs it. */
    missing: { api: string; why: string; claim: string; cost: string; claimed: boolean; brokers: number[] }[];
    /** All that for people. */
    lines: string[];
  }

  /**
   * Ledger keeps, for all virtual users together, what was sent, acked and read in a run, and judges it. A script has one.
   * Its constructor does no I/O: use it in the init context, with the same options in every virtual user.
   */
  export class Ledger {
    constructor(options: LedgerOptions);
    /** The run's id: K6_RUN_ID, or random. */
    readonly run: string;
    /** The first of topics. */
    readonly topic: string;
    /** The topics that the run owns, in the order of the options. */
    readonly topics: readonly string[];
    /** Why the run sends and reads nothing (any more); empty while it does. */
    stopped(): string;
    /** How many records were acked so far, by all virtual users. */
    acked(): number;
    /** prepare reaches the target, creates the topic and sends a record to each partition and back. Call it in setup. */
    prepare(): Promise<TargetInfo>;
    /** produce sends tracked records and waits for their acknowledgements. It does not reject for their errors. */
    produce(options?: ProduceOptions): Promise<Produced>;
    /** consume reads the topic as an application would, until it is enough. */
    consume(options?: ConsumeOptions): Promise<Consumed>;
    /** transact sends tracked records in one transaction of this virtual user, and commits or aborts it. */
    transact(options?: TransactOptions): Promise<Transacted>;
    /**
     * transform consumes what is committed in one topic, and produces one output for each record in transactions that hold how far it has
     * come, until all records that the ledger knows of (records) were sent and processed.
     */
    transform(options: TransformOptions): Promise<Transformed>;
    /** trim deletes what stands before the offsets, as nothing that the run misses, and resolves to where the logs begin then. */
    trim(before: Offsets): Promise<Offsets>;
    /** finish ends the traffic that flows (produce with `for`), before its time is up. */
    finish(): Promise<void>;
    /** watch reads nothing and only asks where the logs end, until all traffic that flows has ended. */
    watch(options?: WatchOptions): Promise<Watched>;
    /**
     * storm opens very many connections beside whatever traffic flows, keeps them for a while, closes all of them, opens them again, and
     * looks whether the target has then given back what it held for them. For scripts that judge NFR3.4.
     */
    storm(options: StormOptions): Promise<Stormed>;
    /** versions asks each broker which versions of which APIs it offers, and saves the answers as versions.json with the results. */
    versions(): Promise<Versions>;
    /** membersSeen waits until so many readers of a group have partitions; false where that did not happen in time. */
    membersSeen(group: string, members: number, timeout?: Duration): Promise<boolean>;
    /**
     * resetsSeen waits until a group (with offsetReset) had no offset to go on from so many times, each partition counted, and was sent
     * somewhere; false where that did not happen in time. What is sent from then on stands behind the end at which a group begins.
     */
    resetsSeen(group: string, resets: number, timeout?: Duration): Promise<boolean>;
    /**
     * recovered waits until each partition acked a record that was sent after the last fault had ended, and a reader got something since;
     * false where that did not happen within limits.stuck of the profile.
     */
    recovered(): Promise<boolean>;
    /**
     * stamp copies a record of the script's own and gives the copy an identity, in headers. From here on it counts as sent:
     * send it with a Producer, which tells the ledger its outcome.
     */
    stamp(record: ProduceRecord): ProduceRecord;
    /** seen tells the ledger of a record that the script read itself with a Consumer, just as it was read. */
    seen(record: ConsumedRecord): void;
    /**
     * expect records what the script found out about a requirement that it judges. It is not counted where the profile
     * lacks one of the claims.
     */
    expect(requirement: string, what: string, ok: boolean, evidence: string, claims?: string[]): void;
    /**
     * access has the profile's two principals ask for everything that access control is about: on what is their own, on what is the
     * other's, on what they may use in part, and on what is nobody's. The matrix is printed with the verdict; each request is in
     * access.json among the results.
     */
    access(options?: AccessOptions): Promise<AccessSeen>;
    /** judge drains, reads everything again, audits the bucket and judges. Call it in teardown. */
    judge(): Promise<Verdict>;
  }
}
