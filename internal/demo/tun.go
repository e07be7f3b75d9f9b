package demo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// tunDevice is where Linux hands out TUN devices.
const tunDevice = "/dev/net/tun"

// CanTUN returns nil when TUN devices can be opened, or an error that says what is missing.
func CanTUN() error {
	f, err := os.OpenFile(tunDevice, os.O_RDWR, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%s does not exist (sudo modprobe tun makes it; a container needs it handed in)", tunDevice)
	case err != nil:
		return fmt.Errorf("%s cannot be opened (sudo chmod 666 %s is the usual mode): %w", tunDevice, tunDevice, err)
	}
	return f.Close()
}
