package js

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"go.k6.io/k6/v2/lib"

	"k6suite/extension/contract"
	"k6suite/extension/profile"
)

// errPart is why k6 cannot run a segment of a test.
var errPart = errors.New("several k6 instances")

// takePart makes the profile that of one k6 instance among those that run a test together, if the command line gives it a segment of
// the test. Scripts need to know so before k6 tells them: in the init context.
func (p *process) takePart(loaded *profile.Profile) error {
	segment, sequence := flagOf(p.args, "execution-segment"), flagOf(p.args, "execution-segment-sequence")
	if segment == "" || segment == "0:1" {
		return nil
	}
	if sequence == "" {
		return fmt.Errorf("%w: --execution-segment=%s needs --execution-segment-sequence, so that each knows how many they are, "+
			"such as 0,1/2,1 for two", errPart, segment)
	}
	if id, _ := p.env("K6_RUN_ID"); id == "" {
		return fmt.Errorf("%w: K6_RUN_ID has to name the test, the same for all of them", errPart)
	}
	if loaded.Chaos != nil && loaded.Chaos.Platform != "" {
		return fmt.Errorf("%w: profile %s starts its target, or restarts it while others still use it: take one that runs by itself, "+
			"such as ./k6 x suite cluster --port 9192 with K6_PROFILE=cluster", errPart, loaded.Name)
	}
	number, of, err := placeOf(segment, sequence)
	if err != nil {
		return err
	}
	p.part = contract.Part{Test: loaded.RunID, Number: number, Of: of}
	loaded.RunID = fmt.Sprintf("%s-%dof%d", loaded.RunID, number, of)
	return nil
}

// placeOf gives the place of a segment in its sequence, from 1, and how many there are.
func placeOf(segment, sequence string) (number, of int, err error) {
	own, err := lib.NewExecutionSegmentFromString(segment)
	if err != nil {
		return 0, 0, fmt.Errorf("%w: --execution-segment: %w", errPart, err)
	}
	all, err := lib.NewExecutionSegmentSequenceFromString(sequence)
	if err != nil {
		return 0, 0, fmt.Errorf("%w: --execution-segment-sequence: %w", errPart, err)
	}
	if len(all) > math.MaxUint8+1 {
		return 0, 0, fmt.Errorf("%w: %d are too many: records have room for the numbers of %d", errPart, len(all), math.MaxUint8+1)
	}
	for i, one := range all {
		if one.Equal(own) {
			return i + 1, len(all), nil
		}
	}
	return 0, 0, fmt.Errorf("%w: segment %s is none of the sequence %s", errPart, segment, sequence)
}

// flagOf gives the last value of a flag on a command line, "" if it is not there.
func flagOf(args []string, name string) (value string) {
	for i, arg := range args {
		if after, ok := strings.CutPrefix(arg, "--"+name+"="); ok {
			value = after
		} else if arg == "--"+name && i+1 < len(args) {
			value = args[i+1]
		}
	}
	return value
}

// checkPart makes sure that what the command line says is what k6 does: a script or a file may set a segment, too.
func (p *process) checkPart(options lib.Options) error {
	if p.part.Of > 1 || options.ExecutionSegment == nil || options.ExecutionSegment.String() == "0:1" {
		return nil
	}
	return fmt.Errorf("%w: give --execution-segment and --execution-segment-sequence on the command line, not in the script", errPart)
}
