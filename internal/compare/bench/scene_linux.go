package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"

	"github.com/vishvananda/netlink"

	"github.com/sockeye-tcp/sockeye/internal/compare"
	"github.com/sockeye-tcp/sockeye/internal/lab"
	"github.com/sockeye-tcp/sockeye/tun"
)

// The paths of the series, and a server at their end.

// A scene is everything that stands while cells with the same path are measured.
type scene struct {
	cfg     *Config
	host    *lab.Namespace // where the series begin; nil: our own
	world   *lab.Namespace // where the server is
	server  *part
	clients map[compare.Series]*part
	base    spec // of the clients
	paths   []compare.Path
	link    *tun.Impaired // nil: none
	closers []func() error
}

// Addresses of the cable or link in a laboratory, from a block for documentation (RFC 5737).
var (
	serverAddr = netip.MustParsePrefix("192.0.2.1/24")
	hostAddr   = netip.MustParsePrefix("192.0.2.2/24")
)

// open builds the paths for a cell.
func (cfg *Config) open(ctx context.Context, cell compare.Cell) (s *scene, err error) {
	s = &scene{cfg: cfg, clients: map[compare.Series]*part{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if cfg.URL == "" {
		if err := s.openLab(ctx, cell); err != nil {
			return s, err
		}
	}
	return s, s.openClients(ctx, cell)
}

// openLab makes the namespaces, what joins them, and the server.
func (s *scene) openLab(ctx context.Context, cell compare.Cell) (err error) {
	for _, ns := range []**lab.Namespace{&s.world, &s.host} {
		if *ns, err = lab.New(); err != nil {
			return err
		}
		s.closers = append(s.closers, (*ns).Close)
	}
	if cell.Link == "none" {
		err = s.layCable(cell.MTU)
	} else {
		err = s.layLink(cell)
	}
	if err != nil {
		return err
	}
	if err := s.host.AddRoute(netip.MustParsePrefix("0.0.0.0/0"), serverAddr.Addr()); err != nil {
		return err
	}
	s.server, _, err = start(ctx, s.cfg.Program, spec{Role: roleServer, Listen: serverAddr.Addr()}, s.world)
	if err == nil {
		s.closers = append(s.closers, s.server.end)
	}
	return err
}

// Names of the interfaces at the ends of the laboratory's path.
const (
	hostEnd  = "eth0"
	worldEnd = "eth0"
)

// layCable joins the namespaces with a virtual Ethernet cable.
func (s *scene) layCable(mtu int) error {
	err := lab.Veth(
		lab.End{Namespace: s.host, Name: hostEnd, Addrs: []netip.Prefix{hostAddr}},
		lab.End{Namespace: s.world, Name: worldEnd, Addrs: []netip.Prefix{serverAddr}})
	if err != nil || mtu == 0 {
		return err
	}
	for _, ns := range []*lab.Namespace{s.host, s.world} {
		err = errors.Join(err, ns.Do(func() error {
			l, err := netlink.LinkByName(hostEnd)
			if err != nil {
				return err
			}
			return netlink.LinkSetMTU(l, mtu)
		}))
	}
	return err
}

// layLink joins the namespaces with two TUN devices and a bad network between them.
func (s *scene) layLink(cell compare.Cell) error {
	imp, err := tun.ParseImpairment(cell.Link)
	if err != nil {
		return err
	}
	var ends [2]*tun.TUN
	for i, ns := range []*lab.Namespace{s.host, s.world} {
		err := ns.Do(func() (err error) {
			if ends[i], err = tun.Open(tun.Config{Name: hostEnd, MTU: cell.MTU, NoOffload: true}); err != nil {
				return err
			}
			return lab.PlugIn(hostEnd, []netip.Prefix{hostAddr, serverAddr}[i], 0)
		})
		if err != nil {
			return err
		}
	}
	// "in" is towards the client, as for sockeye get --impair.
	s.link = tun.Impair(ends[1], imp)
	s.closers = append(s.closers, join(ends[0], s.link).close)
	return nil
}

// openClients starts the clients of all series.
func (s *scene) openClients(ctx context.Context, cell compare.Cell) error {
	s.base = spec{
		Network: s.cfg.Network, MTU: cell.MTU, DNS: s.cfg.DNS,
		Insecure: s.cfg.Insecure, ConnectTo: s.cfg.ConnectTo,
	}
	if s.cfg.URL == "" {
		s.base.Insecure = true // the server's certificate is of its own making
		s.base.DNS = []netip.AddrPort{netip.AddrPortFrom(serverAddr.Addr(), portDNS)}
	}
	s.closers = append(s.closers, s.endClients)
	for _, series := range compare.AllSeries() {
		ready, err := s.startClient(ctx, series)
		if err != nil {
			return err
		}
		s.paths = append(s.paths, compare.Path{Series: series, Path: ready.Note + s.way()})
		if len(ready.DNS) > 0 {
			s.base.DNS = ready.DNS // the others are to ask the same servers
		}
	}
	return nil
}

// startClient starts the client of one series.
func (s *scene) startClient(ctx context.Context, series compare.Series) (answer, error) {
	sp := s.base
	sp.Role = roles(s.cfg.Amounts.Calibration)[series]
	p, ready, err := start(ctx, s.cfg.Program, sp, s.host)
	if err == nil {
		s.clients[series] = p
	}
	return ready, err
}

// roles says who plays each series. In a calibration the kernel's TCP stands in the place of ours, so that two series each
// are the same.
func roles(calibration bool) map[compare.Series]role {
	if calibration {
		return map[compare.Series]role{
			compare.User: roleKernel, compare.Kernel: roleKernel, compare.Twin: roleForwarder, compare.Control: roleForwarder,
		}
	}
	return map[compare.Series]role{
		compare.User: roleUser, compare.Kernel: roleKernel, compare.Twin: roleTwin, compare.Control: roleForwarder,
	}
}

// restart puts new processes in the place of all clients, in an order that chance decides.
func (s *scene) restart(ctx context.Context, rng *rand.Rand) error {
	if err := s.endClients(); err != nil {
		return err
	}
	series := compare.AllSeries()
	rng.Shuffle(len(series), func(i, j int) { series[i], series[j] = series[j], series[i] })
	for _, one := range series {
		if _, err := s.startClient(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

// endClients ends the clients that run.
func (s *scene) endClients() error {
	var errs []error
	for series, p := range s.clients {
		errs = append(errs, p.end())
		delete(s.clients, series)
	}
	return errors.Join(errs...)
}

// conditions describes the interface over which all series leave.
func (s *scene) conditions() (list []compare.Condition) {
	if s.host == nil {
		return linkConditions(uplink(s.cfg.Network == "tcp6"))
	}
	// What cannot be found out is left out, as everywhere in the conditions.
	_ = s.host.Do(func() error {
		list = linkConditions(hostEnd)
		return nil
	})
	return list
}

// way says what all series have in common.
func (s *scene) way() string {
	switch {
	case s.cfg.URL != "":
		return ", the host's route"
	case s.link != nil:
		return ", two TUNs with the link between them"
	}
	return ", a virtual Ethernet cable"
}

// close ends everything, in reverse order.
func (s *scene) close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

// order is what a client is told to do once.
func (s *scene) order(w compare.Workload, cell compare.Cell, amount int64) order {
	o := order{Workload: w, URL: s.cfg.URL, Host: serverAddr.Addr().String(), Concurrency: max(cell.Concurrency, 1)}
	if o.URL == "" {
		scheme := "http"
		if s.cfg.Amounts.TLS {
			scheme = "https"
		}
		o.URL = fmt.Sprintf("%s://%s/%d", scheme, labHost, cell.Size)
	}
	switch w {
	case compare.Download, compare.Upload:
		o.Bytes = amount
	default:
		o.Count = int(amount)
	}
	return o
}
