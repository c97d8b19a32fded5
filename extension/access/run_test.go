package access_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"k6suite/extension/access"
	"k6suite/extension/embedded"
	"k6suite/extension/kafka"
	"k6suite/extension/ledger"
)

// target starts a cluster with two users and an administrator who does not authenticate.
func target(t *testing.T, single bool, lies ...string) (*embedded.Cluster, access.Options) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	t.Cleanup(cancel)
	c, err := embedded.Start(ctx, embedded.Options{
		SingleEndpoint: single, AutoCreate: true, Lies: lies,
		Access: &embedded.Access{
			Users: []embedded.User{{Name: "alice", Password: "wonderland"}, {Name: "bob", Password: "builder"}},
			Super: []string{embedded.Anonymous},
		},
	})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	o := access.Options{Admin: kafka.Config{Brokers: c.Bootstrap()}, Name: "test"}
	for name, password := range map[string]string{"alice": "wonderland", "bob": "builder"} {
		file := filepath.Join(t.TempDir(), "password")
		require.NoError(t, os.WriteFile(file, []byte(password), 0o600))
		p := access.Principal{Name: name, User: access.UserOf(name), Kafka: kafka.Config{Brokers: c.Bootstrap()}}
		p.Kafka.SASL = &kafka.SASL{Mechanism: "PLAIN", User: name, PasswordFile: file}
		o.Principals = append(o.Principals, p)
	}
	if o.Principals[0].Name != "alice" {
		o.Principals[0], o.Principals[1] = o.Principals[1], o.Principals[0]
	}
	return c, o
}

func run(t *testing.T, o access.Options) access.Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	report, err := access.Run(ctx, o)
	require.NoError(t, err)
	t.Log("\n" + report.Matrix())
	return report
}

// odd gives the cells that are not as they must be.
func odd(r access.Report) (cells []access.Cell) {
	for _, c := range r.Cells {
		if m := c.Mark(); m != "yes" && m != "no" {
			cells = append(cells, c)
		}
	}
	return cells
}

func TestAHealthyTargetServesWhoMayAndRefusesWhoMayNot(t *testing.T) {
	t.Parallel()
	for name, single := range map[string]bool{"behind one address": true, "broker by broker": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, o := target(t, single)
			report := run(t, o)
			require.Empty(t, odd(report))
			require.Empty(t, report.Notes)
			yes := map[string]bool{}
			for _, c := range report.Cells {
				yes[c.Operation] = yes[c.Operation] || c.Outcome == ledger.AccessGranted
			}
			for operation, works := range yes {
				require.True(t, works, operation)
			}
		})
	}
}

func TestEachLieIsSeenAsWhatItIs(t *testing.T) {
	t.Parallel()
	for lie, want := range map[string]struct{ operation, mark string }{
		"acl-leaks-fetch":     {"fetch", "LEAK"},
		"acl-leaks-commit":    {"commit offsets", "LEAK"},
		"acl-shows-topics":    {"metadata of all topics", "LEAK"},
		"acl-tells-existence": {"metadata of a topic", "LEAK"},
		"acl-refuses-owner":   {"list offsets", "REFUSED"},
		"acl-hangs-up":        {"create topic", "UNCLEAR"},
		"acl-wrong-error":     {"init a transactional producer", "UNCLEAR"},
	} {
		for name, single := range map[string]bool{"behind one address": true, "broker by broker": false} {
			t.Run(lie+" "+name, func(t *testing.T) {
				t.Parallel()
				c, o := target(t, single, lie)
				cells := odd(run(t, o))
				require.NotEmpty(t, cells)
				for _, cell := range cells {
					require.Equal(t, want.operation, cell.Operation, "%+v", cell)
					require.Equal(t, want.mark, cell.Mark(), "%+v", cell)
				}
				require.NotZero(t, c.LieHits()[lie])
			})
		}
	}
}

func TestRightsThatWereThereBeforeAreTriedAsTheyAre(t *testing.T) {
	t.Parallel()
	c, o := target(t, true)
	admin, err := kgo.NewClient(kgo.SeedBrokers(c.Bootstrap()...))
	require.NoError(t, err)
	t.Cleanup(admin.Close)
	request := kmsg.NewPtrCreateACLsRequest()
	for i, prefix := range []string{"a-", "b-"} {
		o.Principals[i].Owns = prefix
		for _, kind := range []kmsg.ACLResourceType{
			kmsg.ACLResourceTypeTopic, kmsg.ACLResourceTypeGroup, kmsg.ACLResourceTypeTransactionalId,
		} {
			one := kmsg.NewCreateACLsRequestCreation()
			one.Principal, one.Host, one.ResourceType, one.ResourceName = o.Principals[i].User, "*", kind, prefix
			one.ResourcePatternType, one.Operation = kmsg.ACLResourcePatternTypePrefixed, kmsg.ACLOperationAll
			one.PermissionType = kmsg.ACLPermissionTypeAllow
			request.Creations = append(request.Creations, one)
		}
	}
	_, err = request.RequestWith(t.Context(), admin)
	require.NoError(t, err)
	report := run(t, o)
	require.Empty(t, odd(report))
	require.Empty(t, report.Notes)
}

func TestAPrincipalThatCannotConnectIsNoVerdict(t *testing.T) {
	t.Parallel()
	_, o := target(t, true)
	o.Principals[1].Kafka.SASL.PasswordFile = o.Principals[0].Kafka.SASL.PasswordFile
	_, err := access.Run(t.Context(), o)
	require.ErrorContains(t, err, "bob (User:bob) cannot connect")
	require.NotContains(t, err.Error(), "wonderland")
}
