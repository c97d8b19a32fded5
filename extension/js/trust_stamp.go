package js

import (
	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"
)

// stamp gives a record of the script's own an identity: the same record with two more headers. Its outcome is tracked when
// a Producer of this module sends it.
func (l *ledger) stamp(record sobek.Value) sobek.Value {
	run, err := l.theRun(l.vu.Context())
	if err == nil {
		var stamped sobek.Value
		if stamped, err = l.stamped(run, record); err == nil {
			return stamped
		}
	}
	common.Throw(l.vu.Runtime(), err)
	return nil
}

// seen tells the ledger of a record that the script read itself.
func (l *ledger) seen(record sobek.Value) {
	run, err := l.theRun(l.vu.Context())
	if err == nil {
		err = l.saw(run, record)
	}
	if err != nil {
		common.Throw(l.vu.Runtime(), err)
	}
}
