// Package trust runs one scenario against one target and judges it: tracked producers and readers while it lasts, then
// complete fresh reads, the audit of the bucket, and a verdict for each requirement that the scenario judges.
//
// A run goes through the phases preflight (Prepare), traffic (Produce, Consume), and final (Judge). Whatever goes wrong on
// the way becomes a doubt, never a guess: a run that could not see everything is INCONCLUSIVE.
package trust
