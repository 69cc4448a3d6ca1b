// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.transport.RdmaPort;
import ib.transport.agent.Agent;
import ib.transport.internal.io.DatagramIoOpenException;
import ib.transport.internal.io.DatagramIoOptions.Mode;
import java.net.InetAddress;

/** Opens a real port on a loopback address, for tests of drivers. */
public final class LoopbackPort implements AutoCloseable {
  private static final int BUFFER_BYTES = 4 << 20;

  private final UdpPort port;

  private LoopbackPort(UdpPort port) {
    this.port = port;
  }

  /** Opens a port named as its address. */
  public static LoopbackPort open(String address, Agent agent) throws DatagramIoOpenException {
    PortConfig config =
        new PortConfig(
            address,
            InetAddress.ofLiteral(address),
            0x0002_C9FF_0000_0000L + address.hashCode(),
            4096,
            Mode.AUTO,
            BUFFER_BYTES,
            BUFFER_BYTES,
            false,
            1,
            "test");
    return new LoopbackPort(UdpPort.open(config, agent, () -> {}));
  }

  /** The port. */
  public RdmaPort port() {
    return port;
  }

  @Override
  public void close() {
    port.close();
  }
}
