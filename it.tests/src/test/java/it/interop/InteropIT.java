// SPDX-License-Identifier: Apache-2.0
package it.interop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The cases that the build runs, over Ethernet frames; {@code ./ib interop} runs all. */
class InteropIT {
  @Test
  @Timeout(value = 15, unit = TimeUnit.MINUTES)
  void shouldTalkWithALinuxKernel() throws Exception {
    Path classes = Path.of(System.getProperty("openhca.testClasses"));
    String obstacle = GuestImage.obstacle(GuestSpec.USUAL, classes.resolve("guest"));
    if (!obstacle.isEmpty()) {
      System.err.println("InteropIT: SKIPPED, no kernel was talked to: " + obstacle);
    }
    assumeTrue(obstacle.isEmpty(), obstacle);
    GuestImage image = GuestImage.obtain(GuestSpec.USUAL, classes.resolve("guest"));
    Path file = classes.resolveSibling("interop-report.md");
    Report report = new Report(file);
    report.note("Linux " + image.version() + " in QEMU, without acceleration.");
    Path home = Path.of(System.getProperty("openhca.home")).toAbsolutePath().normalize();
    try (Wire wire = new Wire.Frames()) {
      new InteropRun(image, home, report).run(wire, Cases.quick());
    }
    assertEquals(0, report.failures(), report.summary() + "; see " + file);
  }
}
