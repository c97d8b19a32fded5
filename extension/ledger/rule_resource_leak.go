package ledger

import "fmt"

// RESOURCE_LEAK: what the target held for connections (the connections themselves, open files, memory) is not back within the bound
// after all of them were closed. What cannot be read is not judged.
func (j *judging) resourceLeak() {
	for _, s := range j.ledger.stormsSeen() {
		for _, r := range s.Resources {
			if r.After <= r.Allowed {
				continue
			}
			j.out.add(ResourceLeak, func() Finding {
				unit := ""
				if r.Unit != "" {
					unit = " " + r.Unit
				}
				return Finding{
					Partition: -1, Offset: -1, Sequence: -1, Time: stamp(r.At),
					Detail: fmt.Sprintf("%s: %s before the storm, %s in it, and still %s%s %s after all connections were closed; %s may be left",
						r.Name, decimal(int(r.Before)), decimal(int(r.Most)), decimal(int(r.After)), unit, r.Within, decimal(int(r.Allowed))),
				}
			})
		}
	}
}
