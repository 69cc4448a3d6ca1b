// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.transport.RdmaPort;
import ib.transport.agent.Agent;
import ib.transport.conformance.OwnNet;
import ib.transport.internal.ethernet.Faults;
import ib.transport.internal.ethernet.LinkAddress;
import ib.transport.internal.io.DatagramIoOpenException;
import ib.transport.internal.io.DatagramIoOptions.Mode;
import java.net.InetAddress;

/** Opens real ports on this machine, for tests of drivers. */
public final class LoopbackPort implements AutoCloseable {
  private static final int BUFFER_BYTES = 4 << 20;

  private final UdpPort port;

  private LoopbackPort(UdpPort port) {
    this.port = port;
  }

  /**
   * Opens a port named as its address.
   *
   * @param named a loopback address for a UDP socket, or {@code ADDRESS@LINK} for Ethernet frames
   *     on a link such as {@code dgram:127.0.0.1:7001->127.0.0.1:7002}; moved by {@link OwnNet}
   */
  public static LoopbackPort open(String named, Agent agent) throws DatagramIoOpenException {
    String address = OwnNet.of(named);
    int at = address.indexOf('@');
    String ip = at < 0 ? address : address.substring(0, at);
    PortConfig config =
        new PortConfig(
            ip,
            InetAddress.ofLiteral(ip),
            0x0002_C9FF_0000_0000L + ip.hashCode(),
            4096,
            Mode.AUTO,
            BUFFER_BYTES,
            BUFFER_BYTES,
            false,
            1,
            at < 0 ? null : LinkAddress.parse(address.substring(at + 1)),
            Faults.NONE,
            "test");
    return new LoopbackPort(UdpPort.open(config, agent, () -> {}));
  }

  /** The port. */
  public RdmaPort port() {
    return port;
  }

  /** The interface goes up or down, as far as the port knows. */
  public void setLink(boolean up) {
    port.setLink(up, "a test says so");
  }

  @Override
  public void close() {
    port.close();
  }
}
