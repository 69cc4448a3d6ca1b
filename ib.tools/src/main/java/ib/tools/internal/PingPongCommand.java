// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * {@code pingpong}: messages to and fro without a connection manager, compatible with libibverbs'
 * {@code ibv_rc_pingpong}, {@code ibv_uc_pingpong}, {@code ibv_ud_pingpong} and {@code
 * ibv_srq_pingpong} in both roles.
 */
@Component(
    service = PingPongCommand.class,
    property = {"osgi.command.scope=rdma", "osgi.command.function=pingpong"})
public final class PingPongCommand {
  private final Toolbox toolbox;

  /** Made by Declarative Services. */
  @Activate
  public PingPongCommand(@Reference Toolbox toolbox) {
    this.toolbox = toolbox;
  }

  /**
   * Runs to the end.
   *
   * @param args kind, options and, at the client, the server's host
   * @return bytes and times
   * @throws Exception if something fails; the message says what and the remedy
   */
  public String pingpong(String[] args) throws Exception {
    String help = Common.help(PingPongOptions.USAGE, args);
    if (help != null) {
      return help;
    }
    PingPongOptions options = PingPongOptions.parse(args);
    try (Run run = toolbox.begin(options.device(), null)) {
      return new PingPong(run, options, System.out).play();
    }
  }
}
