// SPDX-License-Identifier: Apache-2.0
package it;

import static org.assertj.core.api.Assertions.assertThat;

import it.fixture.Addresses;
import it.fixture.Bundles;
import it.fixture.Devices;
import it.fixture.Eventually;
import it.fixture.Settings;
import it.fixture.Shell;
import javax.inject.Inject;
import org.junit.After;
import org.junit.Before;
import org.junit.Test;
import org.junit.runner.RunWith;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.junit.PaxExam;
import org.osgi.framework.BundleContext;

/** The tools, end to end between devices of different drivers, each on a port of its own. */
@RunWith(PaxExam.class)
public class ToolsIT {
  private static final int NETWORK = 31;
  private static final String NEAR = Addresses.of(NETWORK, 1);
  private static final String FAR = Addresses.of(NETWORK, 2);
  private static final String THIRD = Addresses.of(NETWORK, 3);

  @Inject private BundleContext context;
  private Devices devices;
  private Shell shell;

  @Configuration
  public Option[] container() {
    return new Option[] {
      ContainerOptions.base(),
      ContainerOptions.services(),
      ContainerOptions.apis(),
      ContainerOptions.platform(),
      ContainerOptions.drivers(),
      ContainerOptions.tools()
    };
  }

  @Before
  public void threeDevices() {
    devices = new Devices(context);
    shell = new Shell(context);
    Settings settings = new Settings(context);
    settings.port("near", NEAR);
    settings.port("far", FAR);
    settings.port("third", THIRD);
    settings.device("ib.driver.mthca", "mthca0", "near");
    settings.device("ib.driver.ehca", "ehca0", "far");
    settings.device("ib.driver.ipath", "ipath0", "third");
    for (String device : new String[] {"mthca0", "ehca0", "ipath0"}) {
      devices.active(device);
    }
  }

  @After
  public void nothingIsLeftOver() {
    Eventually.passes(
        "the tools let go of everything",
        () ->
            assertThat(devices.inventory().devices())
                .flatMap(status -> status.owners())
                .filteredOn(owner -> owner.owner().equals("ib.tools"))
                .allMatch(owner -> owner.resources() == 0 && owner.dma().total() == 0));
    assertThat(devices.untidy()).isEmpty();
  }

  /** Begins a server and waits until it listens. */
  private Shell.Job serve(String command, String device) {
    Shell.Job server = shell.start(command);
    Eventually.holds(
        command + " listens", () -> server.output().contains("listening on " + device));
    return server;
  }

  @Test
  public void shouldPingOverRdmaInBothDirections() throws Exception {
    String[][] pairs = {
      {"mthca0", NEAR, "ehca0", FAR},
      {"ehca0", FAR, "ipath0", THIRD},
      {"ipath0", THIRD, "mthca0", NEAR}
    };
    for (String[] pair : pairs) {
      Shell.Job server = serve("rping -s -v -S 1000 --device " + pair[0], pair[0]);
      String client = shell.run("rping -c -vV -S 1000 -C 3 --device " + pair[2] + " -a " + pair[1]);
      assertThat(client)
          .contains(
              "ping data: rdma-ping-0: ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyzAB")
          .contains("ping data: rdma-ping-2: CDEF")
          .contains("3 pings of 1000 bytes came back");
      assertThat(server.succeeds())
          .contains("server ping data: rdma-ping-1: BCDE", "server DISCONNECT EVENT")
          .contains("3 pings served");
    }
  }

  @Test
  public void shouldPingPersistentlyAndEndWithItsDevice() throws Exception {
    Shell.Job server = serve("rping -s -P -S 65535 -a " + NEAR, "mthca0");
    for (int i = 0; i < 3; i++) {
      if (i == 1) {
        assertThat(shell.start("rping -c -p 7175 -C 1 --device ehca0 -a " + NEAR).fails())
            .contains("reason 8");
      }
      assertThat(shell.run("rping -c -V -S 65535 -C 2 --device ehca0 -a " + NEAR))
          .contains("2 pings of 65535");
    }
    Bundles.named(context, "ib.driver.mthca").stop();
    assertThat(server.fails()).contains("device mthca0 leaves");
    Bundles.named(context, "ib.driver.mthca").start();
  }

  @Test
  public void shouldSayWhatIsWrongWithAnRping() throws Exception {
    assertThat(shell.start("rping").fails()).contains("either -s or -c", "usage: rping");
    assertThat(shell.start("rping -c").fails()).contains("-a addr");
    assertThat(shell.start("rping -s -S 5").fails()).contains("-S 5", "24 to 65535");
    assertThat(shell.start("rping -s -x").fails()).contains("unknown option -x");
    assertThat(shell.start("rping -s --device mlx5_0").fails())
        .contains("no device mlx5_0", "ehca0 on port far " + FAR);
    assertThat(shell.start("rping -c -C 1 -p 9 -a " + FAR).fails())
        .contains("rejected by", "reason 8", "nobody listens");
    Shell.Job server = serve("rping -s -S 100 -a " + FAR, "ehca0");
    assertThat(shell.start("rping -c -S 1000 -C 1 --device mthca0 -a " + FAR).fails())
        .contains("disconnected after 0 of 1");
    assertThat(server.fails()).contains("1000 bytes", "start the server with -S 1000");
  }
}
