// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.demo;

import ib.host.internal.exec.Descriptors;
import java.nio.file.Path;
import org.apache.felix.service.command.CommandProcessor;
import org.apache.felix.service.command.CommandSession;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;

/**
 * A bounded capture of a port for the time of the demonstration, made by the shell's {@code
 * ib:pcap}.
 */
final class Capture implements AutoCloseable {
  /** A demonstration moves gigabytes; enough for a hundred thousand packets and many logins. */
  private static final int LIMIT_MIB = 512;

  private final @Nullable CommandSession session;
  private final String port;

  private Capture(@Nullable CommandSession session, String port) {
    this.session = session;
    this.port = port;
  }

  static Capture start(BundleContext context, String port, @Nullable Path file)
      throws DemoException {
    if (file == null) {
      return new Capture(null, port);
    }
    ServiceReference<CommandProcessor> reference =
        context.getServiceReference(CommandProcessor.class);
    CommandProcessor shell = reference == null ? null : context.getService(reference);
    if (shell == null) {
      throw new DemoException("--pcap needs the shell's runtime, which is not there");
    }
    CommandSession session = shell.createSession(System.in, Descriptors.out(), Descriptors.err());
    execute(session, "ib:pcap " + port + " '" + file + "' " + LIMIT_MIB);
    return new Capture(session, port);
  }

  private static void execute(CommandSession session, String command) throws DemoException {
    try {
      System.err.println(session.execute(command));
    } catch (Exception e) {
      throw new DemoException(command + " failed: " + e.getMessage(), e);
    }
  }

  @Override
  public void close() throws DemoException {
    if (session != null) {
      execute(session, "ib:pcap " + port + " stop");
      session.close();
    }
  }
}
