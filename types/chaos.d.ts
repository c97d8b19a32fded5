declare module "k6/x/chaos" {
  import type { Profile } from "k6/x/trust";

  /** A time span: "250ms", "5s", "2m". */
  type Span = string;

  /** What a fault on the wire acts on. Everything that is given must match; what is left out matches all. */
  export interface KafkaSelector {
    /** Name of an API, "Produce", or several. */
    api?: string | string[];
    /** Topics by glob: "orders-*". */
    topic?: string;
    partition?: number;
    /** Consumer groups by glob. */
    group?: string;
    /** Client ids by glob. */
    clientId?: string;
    /** Node id of a broker. Behind a single endpoint the fault then acts on the way to that broker. */
    broker?: number;
    /** Which way: what a client sends, or what it is answered. The default depends on the action. */
    on?: "request" | "response";
    /** Records by their key: a regular expression (RE2). Produce and Fetch only. */
    key?: string;
    /** Records by their value: a regular expression (RE2). Produce and Fetch only. */
    value?: string;
  }

  /** A fault on messages between clients and brokers. */
  export interface KafkaFault extends KafkaSelector {
    /**
     * drop: records are acked and never delivered (or never reach a reader). swallow: no answer ever. delay: held for a time.
     * duplicate: written twice. error: answered with a Kafka error. disconnect: the connection is reset. blackhole: nothing
     * gets through while the fault lasts. throttle: bytes a second. reorder: two requests exchanged. corrupt: a value is changed.
     */
    action:
      | "drop" | "swallow" | "delay" | "duplicate" | "error" | "disconnect" | "blackhole" | "throttle" | "reorder" | "corrupt";
    /** For delay: how long. */
    delay?: Span;
    /** For delay: at most so much more or less. */
    jitter?: Span;
    /** For error: Kafka's name of it, such as "NOT_LEADER_OR_FOLLOWER". */
    error?: string;
    /** For throttle. */
    bytesPerSecond?: number;
    /** For corrupt. "value" (default): a byte of a value, with a right checksum; "checksum": the checksum is left wrong. */
    what?: "value" | "checksum";
    /** Chance to act on a match, above 0 and at most 1. Default 1. */
    probability?: number;
    /**
     * End after so many hits. Of drop, duplicate and corrupt, and of error for Produce and Fetch, a hit is a batch of one partition;
     * of all others a message. Default: no such bound.
     */
    times?: number;
    /** Act only on every n-th match. Default 1: on each. */
    nth?: number;
    /** Of what is left to chance: the same seed on the same traffic gives the same faults. Default 1. */
    seed?: number;
    /** End after this time. Default: with the run. */
    for?: Span;
  }

  /** S3 operations by name, or groups of them. */
  type StorageOperation =
    | "GetObject" | "PutObject" | "HeadObject" | "DeleteObject" | "CopyObject" | "ListObjectsV2"
    | "GET" | "PUT" | "HEAD" | "DELETE" | "LIST" | "multipart" | "read" | "write" | "*"
    | (string & {});

  /** A fault between the brokers and object storage. */
  export interface StorageFault {
    /** Which requests. What the action cannot act on is left out of a group, and refused by name. */
    storage: StorageOperation | StorageOperation[];
    /** Objects by a glob of their key, listings by one of their prefix: * is any run of characters, slashes too. Default: all. */
    key?: string;
    /** Buckets by glob. Default: all. */
    bucket?: string;
    /** Who asks, by a glob of the client's address (with or without port), its User-Agent, or the id of its access key. */
    source?: string;
    /**
     * delay: held for a time. throttle: bytes a second, all connections together. error: answered with a status and an S3 error code.
     * reset: the connection is reset. lost: applied, and never answered. late: applied when the client has given up. truncate, corrupt:
     * what GetObject reads is torn or changed. stale: lists as of before. refuse: nobody takes the connection. blackhole: somebody does,
     * and never answers.
     */
    action: "delay" | "throttle" | "error" | "reset" | "lost" | "late" | "truncate" | "corrupt" | "stale" | "refuse" | "blackhole";
    /** For delay and late: how long. For stale: how old listings are; default: as of the beginning of the fault. */
    delay?: Span;
    /** For delay and late: at most so much more or less. */
    jitter?: Span;
    /** For delay and error: before the request is applied, or after. Default "before". */
    when?: "before" | "after";
    /** For error and late: the status, 300 to 599. Default: what S3 answers with the code. Late without either answers nothing. */
    status?: number;
    /** For error and late: the code of S3, "SlowDown", "InternalError" … Default: the one that S3 has for the status. */
    code?: string;
    /** For reset: at which stage. Up to "body" the storage has not heard of the whole request. */
    at?: "connect" | "headers" | "body" | "response";
    /** For throttle. */
    bytesPerSecond?: number;
    /** For truncate: how many bytes of the answer come. */
    bytes?: number;
    /** For truncate: or which part of them, above 0 and below 1. Default 0.5. */
    fraction?: number;
    /** Chance to act on a match, above 0 and at most 1. Default 1. */
    probability?: number;
    /** End after so many hits. A hit is a request. Default: no such bound. */
    times?: number;
    /** Act only on every n-th match. Default 1: on each. */
    nth?: number;
    /** Of what is left to chance: the same seed on the same requests gives the same faults. Default 1. */
    seed?: number;
    /** End after this time. Default: with the run. */
    for?: Span;
  }

  /**
   * Which broker: its id, one by chance, all, who controls the cluster, who leads a partition, all who have a copy of it and do not lead
   * it, or who coordinates a group. One that means nobody is refused.
   */
  export type BrokerSelector =
    | number
    | "any"
    | "all"
    | "controller"
    | { leaderOf: { topic: string; partition: number } }
    | { followersOf: { topic: string; partition: number } }
    | { coordinatorOf: string };

  /** What faults that take brokers away have in common. A hit is a broker, each time. */
  interface TakesBrokers {
    broker: BrokerSelector;
    /** Do it so often, at least twice, with a selection of its own each time. Default: once. */
    times?: number;
    /** With times: how long after each other, longer than `for`. */
    every?: Span;
    /** With times: chance that a time comes about, above 0 and at most 1. Default 1. */
    probability?: number;
    /** Of what is left to chance. Default: by the order in which the run's faults were made. */
    seed?: number;
  }

  /** A fault on the brokers themselves. Its end undoes it: what was killed is started again, empty, what was paused goes on. */
  export interface BrokerFault extends TakesBrokers {
    /** kill: SIGKILL. stop: SIGTERM. pause: SIGSTOP, and SIGCONT at the end. */
    action: "kill" | "stop" | "pause";
    /** For kill; it can be left out. */
    signal?: "SIGKILL";
    /** How long. Default: until stop(), or the end of the run. Needed with times. */
    for?: Span;
  }

  /** Brokers ended and started again at once. It ends by itself. */
  export interface Restart extends TakesBrokers {
    action: "restart";
    /** Stop them instead of killing them. Default false. */
    graceful?: boolean;
  }

  /** All brokers restarted, one after the other. It ends by itself. */
  export interface Roll {
    action: "roll";
    /** It can be left out: a roll is of all brokers. */
    broker?: "all";
    /** Stop each instead of killing it. Default true. */
    graceful?: boolean;
    /** Between two brokers, after the one serves again. Default "1s". */
    pause?: Span;
  }

  /** Brokers added, or taken away, until there are so many. The end of the run, and heal(), bring the first number back. */
  export interface Scale {
    action: "scale";
    /** At least 1, and another number than there are. */
    brokers: number;
    /** After this time there are as many as before. Default: it ends when they serve. */
    for?: Span;
  }

  export type AnyFault = KafkaFault | StorageFault | BrokerFault | Restart | Roll | Scale;

  /** A fault with the time at which it begins, since the beginning of the plan. One that has an `at` of its own (reset) is nested. */
  export type PlannedFault =
    | ((KafkaFault | Omit<StorageFault, "at"> | BrokerFault | Restart | Roll | Scale) & { at: Span })
    | { at: Span; fault: AnyFault };

  /** Faults over time: a list, or chosen by chance from a seed. */
  export type PlanOptions = PlanList | PlanByChance;

  /** Faults that say when they begin. A plan that was made before is such a list. */
  export interface PlanList {
    faults: readonly PlannedFault[];
    /** That it was made from, for the record. */
    seed?: number;
    /** The table of a plan that was made before; nobody reads it. */
    text?: string;
  }

  /**
   * Storms of faults that follow each other, with quiet between them. Each fault is there once before any is there again, as far as the
   * time suffices.
   */
  export interface PlanByChance {
    /** Faults to choose from, each with its own `for` (restart and roll end by themselves). */
    from: readonly AnyFault[];
    /** Of the choice. The same seed gives the same plan. Default 1. */
    seed?: number;
    /** How long the plan is. */
    for: Span;
    /** Between storms nothing is disturbed for at least so long. Default "2s". */
    quiet?: Span;
    /** How long a storm lasts, at most. Default "4s", or as long as the longest fault. */
    storm?: Span;
    /** Faults that may be active at once. Default 1. */
    together?: number;
  }

  /** A plan of faults. As JSON it can be given to plan() again, which makes the same one. */
  export interface Plan {
    /** That the choice was made from; absent where there was none. */
    readonly seed?: number;
    readonly faults: readonly PlannedFault[];
    /** The plan as a table for people. */
    readonly text: string;
  }

  /** A fault that was injected. It ends by its own terms, by stop(), and at the latest with the test. */
  export interface Fault {
    /** How often it has acted. One that has not by the end of the run makes the run INCONCLUSIVE. */
    readonly hits: number;
    /** On how many records; faults on the wire only. */
    readonly records: number;
    /** What it has hit, for people: "killed broker 1 (127.0.0.1:41234)", keys of objects, "12 records of t/0". At most twenty. */
    readonly took: readonly string[];
    /** Resolves when it has ended. */
    readonly done: Promise<void>;
    /** stop ends it, and resolves with its hits when it acts on nothing any more. */
    stop(): Promise<number>;
    /** waitHits waits until it has acted so often; rejects when it ends before, or the time (default "30s") is up. */
    waitHits(hits: number, timeout?: Span | number): Promise<number>;
  }

  /** Target is the system under test, as faults see it. Its constructor does no I/O: use it in the init context. */
  export class Target {
    /** The profile of the run, or its name; it can be left out. */
    constructor(profile?: Profile | string);
    /** Name of the profile. */
    readonly profile: string;
    /**
     * inject begins a fault. A wrong specification throws at once and says what is allowed. It rejects where the profile has
     * nothing that the fault could act on.
     */
    inject(fault: AnyFault): Promise<Fault>;
    /** plan makes a schedule of faults. It does no I/O: the same options give the same plan, everywhere. */
    plan(options: PlanOptions): Plan;
    /**
     * follow prints a plan, saves it with the run (plan.json), injects its faults in time, and resolves with their hits when all have
     * ended. What the profile could never do is refused before anything begins.
     */
    follow(plan: Plan | PlanOptions): Promise<number[]>;
    /** can says whether the profile tells how: faults on storage, on the wire, or what is done to brokers. It asks nobody. */
    can(what: "storage" | "wire" | "kill" | "stop" | "start" | "pause" | "add" | "remove"): boolean;
    /** heal ends all faults of the run, and undoes them: brokers serve again, as many as there were at first. */
    heal(): Promise<void>;
    /** Node ids of the brokers that run, behind whatever stands before them. */
    brokers(): Promise<number[]>;
  }
}
