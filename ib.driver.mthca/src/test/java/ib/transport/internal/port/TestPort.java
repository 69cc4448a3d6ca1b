// SPDX-License-Identifier: Apache-2.0
package ib.transport.internal.port;

import ib.transport.RdmaPort;
import ib.transport.agent.Agent;
import java.util.Map;

/** Opens real ports for the tests of drivers. */
public final class TestPort {
  private TestPort() {}

  /** Opens a port on an address; close it with {@link #close}. */
  public static RdmaPort open(String name, String address, Agent agent) throws Exception {
    PortConfig config = PortConfigReader.read(Map.of("name", name, "address", address));
    return UdpPort.open(config, agent, () -> {});
  }

  /** Closes a port. */
  public static void close(RdmaPort port) {
    ((UdpPort) port).close();
  }
}
