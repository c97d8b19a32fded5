// The profile of this run, for scripts. There is one parser of profiles.json, in Go: this only hands on what it found.
import { profile as load } from "k6/x/trust";

export const profile = load();
