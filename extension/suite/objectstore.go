package suite

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"k6suite/extension/objectstore"
)

func newObjectStoreCommand() *cobra.Command {
	var dir string
	var port int
	cmd := &cobra.Command{
		Use:   "objectstore",
		Short: "Keep an S3 server over a folder running for other tools, until it is interrupted",
		Long: `Keep an S3 server over a folder running: path-style addresses, conditional PUT, multipart uploads; it takes any credentials.

The folder outlives the process, also one that is killed: an object is there as a whole or not at all, with the same ETag.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return serveObjectStore(cmd, dir, port) },
	}
	cmd.Flags().StringVar(&dir, "dir", "", "folder of the objects; it is created if it is missing")
	cmd.Flags().IntVar(&port, "port", 0, "loopback port (default: a free one)")
	return cmd
}

func serveObjectStore(cmd *cobra.Command, dir string, port int) error {
	if dir == "" {
		return couldNotRun("--dir is missing: name the folder that is to keep the objects")
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	server, err := objectstore.Serve(objectstore.ServeOptions{Dir: dir, Listen: fmt.Sprintf("127.0.0.1:%d", port)})
	if err != nil {
		return couldNotRun("starting the object store: %v", err)
	}
	out := cmd.OutOrStdout()
	fmt.Fprintf(out, "endpoint     %s\n", server.URL())
	fmt.Fprintln(out, "ready; Ctrl-C stops it")
	<-ctx.Done()
	if err := server.Close(); err != nil {
		return couldNotRun("stopping the object store: %v", err)
	}
	fmt.Fprintln(out, "stopped")
	return nil
}
