// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import it.fixture.Addresses;
import it.fixture.Eventually;
import it.fixture.FelixHost;
import it.fixture.LogDiary;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.InvalidSyntaxException;

/** What is wrong in a file of {@code etc/} is said with the name of that file. */
class ConfigurationFilesIT {
  @TempDir private Path folder;

  @Test
  void shouldNameTheFileOfAPortAndOpenItOnceTheFileIsMended() throws Exception {
    try (LogDiary log = new LogDiary();
        FelixHost host = new FelixHost(folder)) {
      host.configure("ib.port", "p0", "name=\"p0\"", "address=\"my.host\"");

      log.says(host.file("ib.port", "p0").toString(), "'address'", "my.host", "192.0.2.1");
      assertThat(hasPort(host)).isFalse();

      host.configure("ib.port", "p0", "name=\"p0\"", "address=\"" + Addresses.of(10, 1) + "\"");
      Eventually.holds("the port is open", () -> hasPort(host));
    }
  }

  @Test
  void shouldNameTheFileOfADriver() throws Exception {
    try (LogDiary log = new LogDiary();
        FelixHost host = new FelixHost(folder)) {
      host.configure("ib.port", "p0", "name=\"p0\"", "address=\"" + Addresses.of(10, 2) + "\"");
      for (String driver : new String[] {"ib.driver.mthca", "ib.driver.ehca", "ib.driver.ipath"}) {
        host.configure(
            driver, "a", "ib.device=\"a\"", "port.target=\"(ib.port\\=p0)\"", "colour=\"red\"");

        log.says(host.file(driver, "a").toString(), "colour", "is not known");
      }
    }
  }

  @Test
  void shouldNameTheFileOfATargetWhoseMediumIsMissing() throws Exception {
    try (LogDiary log = new LogDiary();
        FelixHost host = new FelixHost(folder)) {
      Path missing = folder.resolve("missing.img");
      host.configure(
          "ib.ulp.srpt",
          "t0",
          "name=\"t0\"",
          "port=\"p0\"",
          "target.port.id=\"0002c903000e8ace0002c903000e8ace\"",
          "luns=[\"0\\=file:" + missing + "\"]");

      log.says(host.file("ib.ulp.srpt", "t0").toString(), "luns", missing.toString());
    }
  }

  private static boolean hasPort(FelixHost host) throws InvalidSyntaxException {
    return host.context().getAllServiceReferences("ib.transport.RdmaPort", "(ib.port=p0)") != null;
  }
}
