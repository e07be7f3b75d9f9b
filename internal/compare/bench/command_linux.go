package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"

	"github.com/sockeye-tcp/sockeye/internal/compare"
)

// Another program's turn: what it measures on the same path, at the same time.

// command runs the user's command, once a round like the series, so that a drift of the machine falls on it as well.
func (s *scene) command(ctx context.Context, cell compare.Cell, round int, down, up int64) error {
	if s.cfg.Command == "" {
		return nil
	}
	cmd := exec.CommandContext(ctx, "sh", "-c", s.cfg.Command)
	cmd.Stdout, cmd.Stderr = s.cfg.CommandOutput, s.cfg.CommandOutput
	cmd.Env = append(os.Environ(), "SOCKEYE_ROUND="+strconv.Itoa(round), "SOCKEYE_URL="+s.cfg.URL)
	run := cmd.Run
	if s.host != nil {
		cmd.Env = append(cmd.Env,
			fmt.Sprintf("SOCKEYE_URL=http://%s/%d", serverAddr.Addr(), cell.Size),
			"SOCKEYE_SERVER="+serverAddr.Addr().String(),
			"SOCKEYE_SERVER_NETNS="+s.world.Path(),
			"SOCKEYE_DOWNLOAD="+strconv.FormatInt(down, 10),
			"SOCKEYE_UPLOAD="+strconv.FormatInt(up, 10))
		run = func() error { return s.host.Run(cmd) }
	}
	if err := run(); err != nil {
		return fmt.Errorf("the command %q: %w", s.cfg.Command, err)
	}
	return nil
}
