package storm

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"

	"k6suite/extension/internal/wire"
)

// pause is how long a slow connection waits before each byte.
const pause = 20 * time.Millisecond

var errAnswer = errors.New("that is no answer to ApiVersions")

// newHello is the request that every connection says: which APIs there are. Any broker knows its version 0, also before it knows who
// asks.
func newHello(clientID string) []byte {
	request := kmsg.NewPtrApiVersionsRequest()
	request.Version = 0
	return wire.EncodeRequest(request, helloCorrelation, clientID)
}

const helloCorrelation = 1

// greet says hello, at once or a byte at a time, and waits for the answer.
func greet(conn net.Conn, hello []byte, slowly bool) error {
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	if !slowly {
		if _, err := conn.Write(hello); err != nil {
			return err
		}
		return answered(conn)
	}
	for i := range hello {
		time.Sleep(pause)
		if _, err := conn.Write(hello[i : i+1]); err != nil {
			return err
		}
	}
	return answered(conn)
}

// answered reads the answer to hello.
func answered(conn net.Conn) error {
	const code = 8 // behind size and correlation
	frame, err := wire.ReadFrame(conn)
	if err != nil {
		return err
	}
	if id, err := wire.Correlation(frame); err != nil || id != helloCorrelation || len(frame) < code+2 {
		return fmt.Errorf("%w: %d bytes", errAnswer, len(frame))
	}
	return kerr.ErrorForCode(int16(frame[code])<<8 | int16(frame[code+1]))
}

// authenticate introduces the connection by SASL (KIP-43, KIP-152).
func authenticate(ctx context.Context, conn net.Conn, clientID string, by sasl.Mechanism) error {
	if by == nil {
		return nil
	}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		return err
	}
	hello := kmsg.NewPtrSASLHandshakeRequest()
	hello.Version, hello.Mechanism = 1, by.Name()
	answer := kmsg.NewPtrSASLHandshakeResponse()
	if err := exchange(conn, clientID, hello, answer); err != nil {
		return err
	}
	if err := kerr.ErrorForCode(answer.ErrorCode); err != nil {
		return fmt.Errorf("SASL %s: %w", by.Name(), err)
	}
	session, message, err := by.Authenticate(ctx, conn.RemoteAddr().String())
	for done := false; err == nil && !done; {
		request := kmsg.NewPtrSASLAuthenticateRequest()
		request.Version, request.SASLAuthBytes = 1, message
		challenge := kmsg.NewPtrSASLAuthenticateResponse()
		if err := exchange(conn, clientID, request, challenge); err != nil {
			return err
		}
		if err := kerr.ErrorForCode(challenge.ErrorCode); err != nil {
			return fmt.Errorf("SASL %s: %w", by.Name(), err)
		}
		done, message, err = session.Challenge(challenge.SASLAuthBytes)
		if done && len(message) == 0 {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("SASL %s: %w", by.Name(), err)
	}
	return nil
}

func exchange(conn net.Conn, clientID string, request kmsg.Request, response kmsg.Response) error {
	if _, err := conn.Write(wire.EncodeRequest(request, helloCorrelation, clientID)); err != nil {
		return err
	}
	frame, err := wire.ReadFrame(conn)
	if err != nil {
		return err
	}
	response.SetVersion(request.GetVersion())
	return wire.DecodeResponse(frame, response)
}
