package trust

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"k6suite/extension/contract"
	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
)

// askTime bounds one question. Its end is our impatience and no error of the target.
const askTime = 30 * time.Second

// ask asks what any client may ask at any time, unless a fault holds up answers: where the logs end, and, where one address is promised
// or brokers come and go, who the brokers are.
func (r *Run) ask(ctx context.Context, who string) {
	ctx, done, calm := r.whileCalm(ctx)
	if !calm {
		return
	}
	defer done()
	_, err := r.askEnds(ctx, who)
	if err == nil && (r.endpointPromised() != "" || r.target.platform != nil) {
		err = r.lookAtMetadata(ctx, who)
	}
	if err != nil && ctx.Err() == nil {
		r.clientError(who, kafka.ErrorName(err), err)
	}
}

// askEnds asks where the partitions of all topics end and tells the ledger the answers: an end that does not cover what had been
// acked before the question is stale.
func (r *Run) askEnds(ctx context.Context, who string) (map[ledger.TopicPartition]int64, error) {
	admin, err := r.theAdmin()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	questions := map[ledger.TopicPartition]ledger.EndQuery{}
	for _, topic := range r.opts.Topics {
		for p := range r.partitions.Load() {
			tp := ledger.TopicPartition{Topic: topic, Partition: p}
			questions[tp] = r.ledger.AskEnd(tp, who)
		}
	}
	answers, err := admin.ListOffsets(ctx, kafka.Spot{At: "latest"}, r.opts.Topics...)
	if err != nil {
		return nil, fmt.Errorf("asking for the ends of %s: %w", strings.Join(r.opts.Topics, ", "), err)
	}
	ends := map[ledger.TopicPartition]int64{}
	for topic, partitions := range answers {
		for p, end := range partitions {
			tp := ledger.TopicPartition{Topic: topic, Partition: p}
			ends[tp] = end
			if question, asked := questions[tp]; asked {
				question.Answered(end)
			}
		}
	}
	return ends, nil
}

// clientError counts an error that a client saw. One that our own bound or the end of the run brought about says nothing
// about the target: the first is a doubt, the second nothing.
func (r *Run) clientError(who, name string, err error) {
	switch {
	case r.traffic.Err() != nil:
	case errors.Is(err, context.DeadlineExceeded):
		r.doubt(contract.Doubt{Text: fmt.Sprintf("%s waited in vain: %v", who, err)})
	default:
		r.ledger.ClientError(who, name, err.Error())
	}
}

// theAdmin is the client that asks questions while traffic flows.
func (r *Run) theAdmin() (*kafka.Admin, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return nil, errJudging
	}
	if r.admin == nil {
		admin, err := kafka.NewAdmin(r.config(nil))
		if err != nil {
			return nil, err
		}
		r.admin = admin
	}
	return r.admin, nil
}
