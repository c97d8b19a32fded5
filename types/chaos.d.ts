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

  /** A fault that was injected. It ends by its own terms, by stop(), and at the latest with the test. */
  export interface Fault {
    /** How often it has acted. One that has not by the end of the run makes the run INCONCLUSIVE. */
    readonly hits: number;
    /** On how many records. */
    readonly records: number;
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
    inject(fault: KafkaFault): Promise<Fault>;
    /** heal ends all faults of the run. */
    heal(): Promise<void>;
    /** Node ids of the brokers behind the proxy, as far as clients had to do with them. */
    brokers(): Promise<number[]>;
  }
}
