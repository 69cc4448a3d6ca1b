// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import it.fixture.Addresses;
import it.fixture.Bundles;
import it.fixture.Eventually;
import it.fixture.FelixHost;
import it.fixture.Jars;
import it.fixture.Services;
import it.fixture.load.LoadActivator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.LongFunction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;

/** Two hosts, each in a framework of its own: a disk of the one on the target of the other. */
class TwoHostsIT {
  private static final int LEVEL = 25;
  private static final long LOST_AFTER_MS = 20_000;
  private static final String INITIATOR = Addresses.of(6, 1);
  private static final String TARGET = Addresses.of(6, 2);

  @TempDir private Path folder;

  @Test
  void shouldDoIoBetweenTwoHostsWhileTheDriverOfEitherIsReplaced() throws Exception {
    try (FelixHost target = target();
        FelixHost initiator = initiator()) {
      initiator.install(load(), LEVEL);
      LongFunction<Map<String, Object>> load = loadOf(initiator);
      goesOn(load, "between two hosts");

      restart(initiator, "ib.driver.ipath");
      goesOn(load, "after the initiator's driver was away");
      restart(target, "ib.driver.ehca");
      goesOn(load, "after the target's driver was away");

      assertThat(classOf(initiator))
          .as("no static state is shared: each host has classes of its own")
          .isNotSameAs(classOf(target));
      Map<String, Object> end = load.apply(LOST_AFTER_MS);
      assertThat(end).containsEntry("trouble", "").containsEntry("ended", true);
      assertThat(end)
          .containsEntry("failed", 0L)
          .containsEntry("twice", 0L)
          .containsEntry("corrupt", 0L)
          .containsEntry("completed", end.get("submitted"));
    }
  }

  private FelixHost target() throws Exception {
    FelixHost host = new FelixHost(folder.resolve("target"));
    host.configure("ib.port", "p1", "name=\"p1\"", "address=\"" + TARGET + "\"");
    host.configure(
        "ib.driver.ehca", "ehca0", "ib.device=\"ehca0\"", "port.target=\"(ib.port\\=p1)\"");
    Path medium = folder.resolve("medium.img");
    host.configure(
        "ib.ulp.srpt",
        "t0",
        "name=\"t0\"",
        "port=\"p1\"",
        "target.port.id=\"0002c903000e8ace0002c903000e8ace\"",
        "luns=[\"0\\=file:" + medium + ",16M\"]");
    return host;
  }

  private FelixHost initiator() throws Exception {
    FelixHost host = new FelixHost(folder.resolve("initiator"));
    host.configure("ib.port", "p0", "name=\"p0\"", "address=\"" + INITIATOR + "\"");
    host.configure(
        "ib.driver.ipath", "ipath0", "ib.device=\"ipath0\"", "port.target=\"(ib.port\\=p0)\"");
    host.configure(
        "ib.ulp.srp",
        "disk0",
        "name=\"disk0\"",
        "port=\"p0\"",
        "target.address=\"" + TARGET + "\"",
        "initiator.port.id=\"0002c903000e8acd0002c903000e8acd\"",
        "target.port.id=\"0002c903000e8ace0002c903000e8ace\"");
    return host;
  }

  private static Path load() {
    return Jars.of("it.fixture.load", "Bundle-Activator", LoadActivator.class.getName());
  }

  @SuppressWarnings("unchecked") // the framework knows services by their raw type
  private static LongFunction<Map<String, Object>> loadOf(FelixHost host) {
    return Services.find(host.context(), LongFunction.class, "(" + LoadActivator.LOAD + "=true)");
  }

  private static void restart(FelixHost host, String driver) throws Exception {
    Bundle bundle = Bundles.named(host.context(), driver);
    bundle.stop();
    bundle.update(Files.newInputStream(ContainerOptions.driverJar(driver)));
    bundle.start();
  }

  private static Class<?> classOf(FelixHost host) throws ClassNotFoundException {
    return Bundles.named(host.context(), "ib.verbs.api").loadClass("ib.verbs.RdmaDevice");
  }

  private static void goesOn(LongFunction<Map<String, Object>> load, String when) {
    long before = (Long) load.apply(0).get("completed");
    Eventually.passes(
        "I/O goes on " + when,
        () -> {
          Map<String, Object> now = load.apply(0);
          assertThat((Long) now.get("completed")).as("%s", now).isGreaterThan(before + 200);
        });
  }
}
