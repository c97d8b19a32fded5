package access

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/ledger"
)

// Cell is one request: who asked for what, whether he may, and what became of it.
type Cell struct {
	ledger.AccessSeen
	Domain string // whose things it was about: "alice's"
	At     time.Time
}

// Report is what was found out.
type Report struct {
	Principals []string
	Cells      []Cell
	Notes      []string // what was not asked, and why
}

// theCluster is the domain of what belongs to everybody.
const theCluster = "the cluster's"

// Run makes topics, groups and transactional ids, grants rights, and has each principal ask for everything. An error means that nothing
// can be said. What was made is removed in any case.
func Run(ctx context.Context, o Options) (report Report, err error) {
	if o, err = o.withDefaults(); err != nil {
		return report, err
	}
	w, err := open(ctx, o)
	defer w.close()
	if err != nil {
		return report, fmt.Errorf("access: %w", err)
	}
	for _, p := range o.Principals {
		report.Principals = append(report.Principals, p.Name)
	}
	defer w.remove(ctx)
	if err := w.make(ctx); err != nil {
		return report, fmt.Errorf("access: %w", err)
	}
	if err := w.grant(ctx); err != nil {
		return report, fmt.Errorf("access: %w", err)
	}
	for _, op := range operations() {
		if !w.asked(op, &report) {
			continue
		}
		for _, d := range w.domains {
			report.Cells = append(report.Cells, w.try(ctx, op, d)...)
		}
	}
	for _, op := range w.onTheCluster() {
		if w.asked(op, &report) {
			report.Cells = append(report.Cells, w.tryOnCluster(ctx, op)...)
		}
	}
	return report, ctx.Err()
}

// asked reports whether the target has what an operation asks for. Without an API nothing can leak through it.
func (w *world) asked(op operation, report *Report) bool {
	key := kmsg.Key(op.ask(w.domains[0]).Key())
	about := key == kmsg.CreateACLs || key == kmsg.DescribeACLs || key == kmsg.DeleteACLs
	switch {
	case !w.offered(int16(key)):
	case about && !w.baited:
		report.Notes = append(report.Notes, op.name+" was not tried: nobody may make ACLs")
		return false
	default:
		return true
	}
	report.Notes = append(report.Notes, fmt.Sprintf("%s was not tried: the target does not offer %s", op.name, key.Name()))
	return false
}

// try has everybody ask for one thing in one domain, first those who may not: what they bring about must not look like the work of who may.
func (w *world) try(ctx context.Context, op operation, d *domain) []Cell {
	cells := make([]Cell, wanted)
	for _, inScope := range []bool{false, true} {
		for n := range w.parties {
			lacks := d.may(n, op.needs)
			if inScope != (len(lacks) == 0) {
				continue
			}
			cells[n] = w.ask(ctx, op, d, w.parties[n], lacks, d.knows(n))
		}
	}
	return cells
}

// tryOnCluster has the principals ask for what neither may do, and then who may do everything.
func (w *world) tryOnCluster(ctx context.Context, op operation) []Cell {
	d := &domain{name: theCluster}
	var cells []Cell
	for _, p := range w.parties {
		cells = append(cells, w.ask(ctx, op, d, p, op.needs, true))
	}
	return append(cells, w.ask(ctx, op, d, w.admin, nil, true))
}

// ask has one principal ask for one thing, and finds out what came of it.
func (w *world) ask(ctx context.Context, op operation, d *domain, p *party, lacks []right, knows bool) Cell {
	cell := Cell{Domain: d.name, At: time.Now().UTC(), AccessSeen: ledger.AccessSeen{
		Who: p.name, Operation: op.name, Resource: d.name, Aspect: op.aspect, InScope: len(lacks) == 0,
	}}
	var response kmsg.Response
	response, cell.Outcome, cell.Detail = w.answered(ctx, op, d, p, lacks, knows)
	switch {
	case cell.InScope && cell.Outcome == ledger.AccessGranted && op.done != nil:
		op.done(d, response)
	case !cell.InScope && cell.Outcome != ledger.AccessGranted:
		cell.Effect = w.effectOf(ctx, op, d, response, knows)
	}
	return cell
}

// effectOf looks for what a request has brought about that was not granted.
func (w *world) effectOf(ctx context.Context, op operation, d *domain, response kmsg.Response, knows bool) string {
	if op.tells != nil && response != nil && !knows {
		return op.tells(d, response)
	}
	if op.effect == nil {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, w.options.Timeout)
	defer cancel()
	effect, err := op.effect(ctx, w, d)
	if err != nil {
		return "" // an administrator who cannot look proves nothing against the target
	}
	return effect
}

// answered sends the request, again while the answer is one of the moment, and says how it ended.
func (w *world) answered(
	ctx context.Context, op operation, d *domain, p *party, lacks []right, knows bool,
) (kmsg.Response, ledger.AccessOutcome, string) {
	bounded, cancel := context.WithTimeout(ctx, w.options.Timeout)
	defer cancel()
	for {
		node, err := w.locate(bounded, op.where, d)
		if err != nil {
			return nil, ledger.AccessFailed, "finding the broker to ask: " + err.Error()
		}
		response, err := p.send(ctx, node, op.ask(d))
		if err != nil {
			return nil, outcomeOf(err), err.Error()
		}
		all := codes(response)
		if passing(all) && rest(bounded) {
			continue
		}
		outcome, detail := op.read(d, response, all, lacks, knows)
		return response, outcome, detail
	}
}

// read says what an answer means.
func (op operation) read(d *domain, response kmsg.Response, all []int16, lacks []right, knows bool) (ledger.AccessOutcome, string) {
	if op.tells != nil {
		all = codesOf(d.topic(), response)
	}
	shown := op.shows == nil || op.shows(d, response)
	passed := len(all) == 0 || slices.ContainsFunc(op.passes, func(err *kerr.Error) bool { return slices.Contains(all, err.Code) })
	switch {
	case op.lists && len(all) == 0 && !shown:
		return ledger.AccessDenied, "it is not listed"
	case passed && shown:
		return ledger.AccessGranted, names(all)
	case passed:
		return ledger.AccessFailed, names(all) + ", and nothing in it"
	case len(lacks) == 0 && slices.ContainsFunc(all, isRefusal), denies(all, op.needs, lacks, knows):
		return ledger.AccessDenied, names(all)
	default:
		return ledger.AccessFailed, names(all)
	}
}

// denies reports whether the errors say that a principal may not: by the error of something that it lacks, or, to who may not know of a
// topic, as if it were not there.
func denies(all []int16, needs, lacks []right, knows bool) bool {
	for _, lack := range lacks {
		if slices.Contains(all, refusals()[lack.kind]) {
			return true
		}
	}
	onTopics := slices.ContainsFunc(needs, func(r right) bool { return r.kind == kmsg.ACLResourceTypeTopic })
	if slices.Contains(needs, onTopic(kmsg.ACLOperationCreate)) && slices.Contains(all, kerr.ClusterAuthorizationFailed.Code) {
		return true // who may create no topic at all
	}
	absent := slices.ContainsFunc(missing(), func(err *kerr.Error) bool { return slices.Contains(all, err.Code) })
	return onTopics && len(lacks) > 0 && !knows && absent
}

// codesOf gives the error of one topic in a metadata answer. The answer may leave the topic out.
func codesOf(topic string, response kmsg.Response) []int16 {
	for _, t := range response.(*kmsg.MetadataResponse).Topics {
		if t.Topic != nil && *t.Topic == topic {
			return codes(&kmsg.MetadataResponse{Topics: []kmsg.MetadataResponseTopic{t}})
		}
	}
	return []int16{kerr.UnknownTopicOrPartition.Code}
}

// UserOf is how ACLs name who authenticates by this name.
func UserOf(name string) string { return "User:" + name }
