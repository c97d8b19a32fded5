package js

import (
	"context"
	"time"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"

	"k6suite/extension/kafka"
)

// sender is what the classes have in common that send: a producer, and whoever consumes and produces in transactions.
type sender struct {
	*kafkaInstance
	get func(context.Context) (*kafka.Producer, error)
}

// transactional gives an object the methods of transactions.
func (s *sender) transactional(object *sobek.Object) *sobek.Object {
	return s.fill(object, map[string]any{"begin": s.begin, "commit": s.commit, "abort": s.abort, "transaction": s.transaction(object)})
}

// transactionError is the error of a commit, with what is known of the transaction.
type transactionError struct {
	error
	outcome kafka.TxnOutcome
}

func (t *transactionError) Unwrap() error { return t.error }

func (s *sender) begin() *sobek.Promise {
	return s.async(nil, func(ctx context.Context) (build, error) {
		client, err := s.get(ctx)
		if err != nil {
			return nil, err
		}
		return nil, client.Begin()
	})
}

func (s *sender) commit(call sobek.FunctionCall) sobek.Value {
	timeout, wrong := s.timeout("commit", call)
	return s.vu.Runtime().ToValue(s.async(wrong, func(ctx context.Context) (build, error) {
		client, err := s.get(ctx)
		if err != nil {
			return nil, err
		}
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		outcome, err := client.Commit(ctx)
		if err != nil {
			return nil, &transactionError{err, outcome}
		}
		return nil, nil
	}))
}

func (s *sender) abort(call sobek.FunctionCall) sobek.Value {
	timeout, wrong := s.timeout("abort", call)
	return s.vu.Runtime().ToValue(s.async(wrong, func(ctx context.Context) (build, error) {
		client, err := s.get(ctx)
		if err != nil {
			return nil, err
		}
		return nil, withinTime(ctx, timeout, client.Abort)
	}))
}

func (s *sender) timeout(of string, call sobek.FunctionCall) (time.Duration, error) {
	timeout := defaultTimeout
	o := readOptions(s.vu.Runtime(), of, call.Argument(0))
	o.duration("timeout", &timeout)
	return timeout, o.done()
}

// helper begins, has a function do its work, and commits; where the function fails it aborts, and passes on why. It is JavaScript
// because all that it does is to wait for promises.
const helper = `(async (client, work) => {
	if (typeof work !== "function") {
		throw new TypeError("transaction: give it a function that sends what belongs to the transaction");
	}
	await client.begin();
	let result;
	try {
		result = await work(client);
	} catch (error) {
		try {
			await client.abort();
		} catch (abortError) {
			if (error instanceof Error) { error.abortError = abortError; }
		}
		throw error;
	}
	await client.commit();
	return result;
})`

// transaction is the helper for one client.
func (s *sender) transaction(client *sobek.Object) func(sobek.FunctionCall) sobek.Value {
	return func(call sobek.FunctionCall) sobek.Value {
		rt := s.vu.Runtime()
		made, err := rt.RunString(helper)
		if err != nil {
			common.Throw(rt, err)
		}
		run, _ := sobek.AssertFunction(made)
		promise, err := run(sobek.Undefined(), client, call.Argument(0))
		if err != nil {
			common.Throw(rt, err)
		}
		return promise
	}
}
