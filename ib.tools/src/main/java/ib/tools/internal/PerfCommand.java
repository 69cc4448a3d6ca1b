// SPDX-License-Identifier: Apache-2.0
package ib.tools.internal;

import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/**
 * {@code perf}: bandwidth and latency of the operations, compatible with perftest's {@code
 * ib_write_bw}, {@code ib_write_lat}, {@code ib_read_bw}, {@code ib_read_lat}, {@code ib_send_bw},
 * {@code ib_send_lat}, {@code ib_atomic_bw} and {@code ib_atomic_lat} in both roles.
 */
@Component(
    service = PerfCommand.class,
    property = {"osgi.command.scope=rdma", "osgi.command.function=perf"})
public final class PerfCommand {
  private final Toolbox toolbox;

  /** Made by Declarative Services. */
  @Activate
  public PerfCommand(@Reference Toolbox toolbox) {
    this.toolbox = toolbox;
  }

  /**
   * Measures with a peer.
   *
   * @param args operation, measure and options; at the client the server's host too
   * @return null: the table has been printed
   * @throws Exception if something fails; the message says what and the remedy
   */
  public @Nullable String perf(String[] args) throws Exception {
    String help = Common.help(PerfOptions.USAGE, args);
    if (help != null) {
      return help;
    }
    PerfOptions options = PerfOptions.parse(args);
    try (Run run = toolbox.begin(options.device, null)) {
      new PerfTest(run, options, System.out).measure();
      return null;
    }
  }
}
