package bench

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"syscall"
)

// A process that plays a part.

// Part plays the part that a spec names, until standard input ends. It talks on
// the standard files of the process.
func Part(arg string) error {
	// A terminal's interrupt reaches us, too; the director ends us in order.
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	var s spec
	if err := json.Unmarshal([]byte(arg), &s); err != nil {
		return fmt.Errorf("the part to play: %w", err)
	}
	err := play(context.Background(), s)
	if err != nil {
		// Nobody is left to hear of it when this fails.
		_ = json.NewEncoder(os.Stdout).Encode(failure(err))
	}
	return err
}

func play(ctx context.Context, s spec) error {
	switch s.Role {
	case roleServer:
		return playServer(s)
	case roleForwarder, roleTwin:
		return playForwarder(ctx, s)
	case roleUser:
		return playUser(ctx, s)
	case roleKernel:
		return playKernel(s)
	}
	return fmt.Errorf("there is no part %q", s.Role)
}

func failure(err error) answer {
	return answer{Error: err.Error(), Permission: errors.Is(err, fs.ErrPermission)}
}

// obey says that the client is ready and carries out orders until there are no
// more. The end of the orders ends also the one in progress.
func (c *client) obey(ready answer) error {
	out := json.NewEncoder(os.Stdout)
	if err := out.Encode(ready); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	orders := make(chan order)
	var readErr error
	go func() {
		defer close(orders)
		defer cancel()
		for in := json.NewDecoder(os.Stdin); ; {
			var o order
			if readErr = in.Decode(&o); readErr != nil {
				return
			}
			select {
			case orders <- o:
			case <-ctx.Done():
				return
			}
		}
	}()
	for o := range orders {
		a, err := c.run(ctx, o)
		if err != nil {
			a = failure(err)
		}
		if err := out.Encode(a); err != nil {
			return err
		}
	}
	if errors.Is(readErr, io.EOF) {
		return nil
	}
	return readErr
}
