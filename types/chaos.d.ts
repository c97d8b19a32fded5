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
    /** Which requests. */
    storage: StorageOperation | StorageOperation[];
    /** Objects by a glob of their key. Default: all. */
    key?: string;
    bucket?: string;
    /** Who asks, by a glob of the client's address, User-Agent or access key id. */
    source?: string;
    /**
     * delay: held for a time. throttle: bytes a second. error: answered with a status and an S3 error code. reset: the connection is
     * reset. lost: applied, and never answered. late: applied when the client has given up. truncate, corrupt: what is read is torn
     * or changed. stale: lists as of before. refuse: nobody takes the connection. blackhole: somebody does, and never answers.
     */
    action: "delay" | "throttle" | "error" | "reset" | "lost" | "late" | "truncate" | "corrupt" | "stale" | "refuse" | "blackhole";
    /** For delay, late and stale. */
    delay?: Span;
    /** For delay: at most so much more or less. */
    jitter?: Span;
    /** For delay and error: before the request is applied, or after. Default "before". */
    when?: "before" | "after";
    /** For error: the status, the code of S3 ("SlowDown", "InternalError" …), or both. */
    status?: number;
    code?: string;
    /** For reset: when. */
    at?: "connect" | "headers" | "body" | "response";
    /** For throttle. */
    bytesPerSecond?: number;
    /** For truncate: how many bytes of the answer come. */
    bytes?: number;
    /** Chance to act on a match, above 0 and at most 1. Default 1. */
    probability?: number;
    /** End after so many hits. */
    times?: number;
    /** Act only on every n-th match. */
    nth?: number;
    /** Of what is left to chance. Default 1. */
    seed?: number;
    /** End after this time. Default: with the run. */
    for?: Span;
  }

  /** Which broker: its id, one by chance, all, who leads a partition, or who coordinates a group. */
  export type BrokerSelector =
    | number
    | "any"
    | "all"
    | { leaderOf: { topic: string; partition: number } }
    | { coordinatorOf: string };

  /** A fault on the brokers themselves. Its end undoes it: what was killed is started again, what was paused goes on. */
  export interface BrokerFault {
    broker: BrokerSelector;
    /** kill: SIGKILL. stop: SIGTERM. pause: SIGSTOP, and SIGCONT at the end. restart: killed, or stopped if graceful, and started again. */
    action: "kill" | "stop" | "pause" | "restart";
    /** For restart: stop it instead of killing it. Default false. */
    graceful?: boolean;
    /** How long. Default: until stop(), or the end of the run. */
    for?: Span;
    /** Do it so often, once `every` so much time. Default: once. */
    times?: number;
    every?: Span;
    /** Of what is left to chance. */
    seed?: number;
  }

  /** All brokers restarted, one after the other. */
  export interface Roll {
    action: "roll";
    /** Stop each instead of killing it. Default true. */
    graceful?: boolean;
    /** Between two brokers. Default "1s". */
    pause?: Span;
  }

  /** Brokers added, or taken away, until there are so many. The end of the run brings the first number back. */
  export interface Scale {
    action: "scale";
    brokers: number;
  }

  export type AnyFault = KafkaFault | StorageFault | BrokerFault | Roll | Scale;

  /** Faults over time: a list, or chosen by chance from a seed. */
  export interface PlanOptions {
    /** Faults with the time at which each begins. */
    faults?: (AnyFault & { at: Span })[];
    /** Or chosen from these, each with its own `for`. */
    from?: AnyFault[];
    /** Of the choice. The same seed gives the same plan. Default 1. */
    seed?: number;
    /** How long the plan is. */
    for?: Span;
    /** Between storms nothing is disturbed for at least so long. */
    quiet?: Span;
    /** Faults that may be active at once. Default 1. */
    together?: number;
  }

  /** A plan of faults. As JSON it can be given to plan() again, which makes the same one. */
  export interface Plan {
    readonly seed: number;
    readonly faults: readonly (AnyFault & { at: Span })[];
    /** The plan as a table for people. */
    readonly text: string;
  }

  /** A fault that was injected. It ends by its own terms, by stop(), and at the latest with the test. */
  export interface Fault {
    /** How often it has acted. One that has not by the end of the run makes the run INCONCLUSIVE. */
    readonly hits: number;
    /** On how many records; faults on the wire only. */
    readonly records: number;
    /** What it has hit, for people: "killed broker 1 (127.0.0.1:41234)". At most twenty. */
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
    /** follow prints and saves a plan, injects its faults in time, and resolves with their hits when all have ended. */
    follow(plan: Plan): Promise<number[]>;
    /** can says whether the profile tells how: "storage", "wire", or what happens to brokers ("kill", "pause", "add" …). */
    can(what: string): boolean;
    /** heal ends all faults of the run. */
    heal(): Promise<void>;
    /** Node ids of the brokers that run, behind whatever stands before them. */
    brokers(): Promise<number[]>;
  }
}
