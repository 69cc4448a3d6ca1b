// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.demo;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;

/**
 * {@code ./ib demo}: found by the launcher, which gives it the arguments and ends with its exit
 * code.
 */
@Component(service = Function.class, property = "openhca.command=demo")
public final class DemoCommand implements Function<String[], Integer> {
  private static final int FAILED = 1;

  private final BundleContext context;

  /** Made by SCR. */
  @Activate
  public DemoCommand(BundleContext context) {
    this.context = context;
  }

  @Override
  public Integer apply(String[] args) {
    try {
      DemoOptions options = DemoOptions.parse(List.of(args));
      Demo demo = new Demo(context, options, folder("openhca.home"), folder("openhca.work"));
      DemoReport report = demo.run();
      System.out.println(options.json() ? report.json() : report.text());
      return report.isGood() ? 0 : FAILED;
    } catch (DemoException | IOException e) {
      System.err.println("demo: " + e.getMessage());
      return FAILED;
    }
  }

  private static Path folder(String property) throws DemoException {
    String value = System.getProperty(property);
    if (value == null) {
      throw new DemoException("system property " + property + " is not set; start by ./ib demo");
    }
    return Path.of(value);
  }
}
