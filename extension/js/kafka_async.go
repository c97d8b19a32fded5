package js

import (
	"context"
	"errors"
	"fmt"

	"github.com/grafana/sobek"
	"go.k6.io/k6/v2/js/common"

	"k6suite/extension/kafka"
)

// build makes the value that a promise is resolved with, on the JavaScript goroutine.
type build func() any

// usageError is a wrong argument: a TypeError to the script.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

// async runs work off the JavaScript goroutine and settles a promise with what comes of it, on it. What the work measured
// is reported before, in one container; also are the given meters, of the client itself. wrong is an error in the
// arguments: nothing runs then.
func (i *kafkaInstance) async(wrong error, work func(context.Context) (build, error), also ...*gathered) *sobek.Promise {
	rt := i.vu.Runtime()
	promise, resolve, reject := rt.NewPromise()
	refuse := func(err error) *sobek.Promise {
		if err := reject(i.errorObject(err)); err != nil {
			common.Throw(rt, err)
		}
		return promise
	}
	if wrong != nil {
		return refuse(usageError{wrong})
	}
	if i.vu.State() == nil {
		return refuse(usageError{errors.New("clients of k6/x/kafka work in setup, teardown and scenarios, not in the init context")})
	}
	reporter, meter := i.metrics.reporter(i.vu), &gathered{}
	ctx := kafka.WithMeter(i.vu.Context(), meter)
	if dialer := i.vu.State().Dialer; dialer != nil {
		ctx = context.WithValue(ctx, dialerKey{}, kafka.DialFunc(dialer.DialContext))
	}
	callback := i.vu.RegisterCallback()
	go func() {
		made, err := work(ctx)
		reporter.report(append(also, meter)...)
		callback(func() error {
			if err != nil {
				return reject(i.errorObject(err))
			}
			if made == nil {
				return resolve(sobek.Undefined())
			}
			return resolve(made())
		})
	}()
	return promise
}

// errorObject makes a JavaScript Error of a Go error: a KafkaError with the error's Kafka name as its code, and, for a
// send, the records that it concerns; a TypeError for a wrong argument.
func (i *kafkaInstance) errorObject(err error) *sobek.Object {
	rt := i.vu.Runtime()
	if wrong, ok := errors.AsType[usageError](err); ok {
		return rt.NewTypeError("%s", wrong.Error())
	}
	object, newErr := rt.New(rt.Get("Error"), rt.ToValue(err.Error()))
	if newErr != nil {
		return rt.NewGoError(err)
	}
	members := map[string]any{"name": "KafkaError", "code": kafka.ErrorName(err)}
	if failed, ok := errors.AsType[*sendError](err); ok {
		members["indexes"] = i.numbers(failed.indexes)
		members["results"] = i.results(failed.results)
	}
	if ended, ok := errors.AsType[*transactionError](err); ok {
		members["outcome"] = ended.outcome.String()
	}
	if fetch, ok := errors.AsType[*kafka.FetchError](err); ok {
		members["topic"], members["partition"] = fetch.Topic, fetch.Partition
	}
	return i.fill(object, members)
}

func (i *kafkaInstance) numbers(of []int) *sobek.Object {
	list := make([]any, len(of))
	for k, n := range of {
		list[k] = n
	}
	return i.vu.Runtime().NewArray(list...)
}

// at names the place of a wrong value.
func at(what string, index int) string { return fmt.Sprintf("%s %d", what, index) }
