// SPDX-License-Identifier: Apache-2.0
package it;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import ib.dma.debug.DmaDebug;
import it.fixture.Addresses;
import it.fixture.Bundles;
import it.fixture.Devices;
import it.fixture.Eventually;
import it.fixture.Services;
import it.fixture.Settings;
import it.fixture.Shell;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Map;
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
  private Settings settings;
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
    settings = new Settings(context);
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
  public void shouldSayHowAToolIsUsed() throws Exception {
    for (String tool :
        new String[] {"devinfo", "rping", "pingpong", "perf", "ucmatose", "udaddy"}) {
      assertThat(shell.run(tool + " --help")).as(tool).startsWith("usage: " + tool + " ");
    }
    assertThat(shell.run("rping -c --help")).startsWith("usage: rping ");
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
  public void shouldPlayPingPong() throws Exception {
    playPingPong("--rc -s 10000 -m 4096", "mthca0", "ehca0");
    playPingPong("--rc -s 1", "ipath0", "mthca0");
    playPingPong("--ud -s 2048 -r 40", "ehca0", "ipath0");
    playPingPong("--ud", "mthca0", "ehca0");
    playPingPong("--uc -s 5000", "mthca0", "ipath0");
    playPingPong("--srq -q 4 -r 50", "ipath0", "mthca0");
    playPingPong("--srq", "mthca0", "ipath0");
  }

  private void playPingPong(String kind, String near, String far) throws Exception {
    String options = kind + " -n 100 -p " + freePort();
    Shell.Job server = serve("pingpong " + options + " -d " + near, near);
    String client = shell.run("pingpong " + options + " -d " + far + " 127.0.0.1");
    for (String output : new String[] {client, server.succeeds()}) {
      assertThat(output)
          .as(kind)
          .containsPattern(
              "local address:  LID 0x0000, QPN 0x[0-9a-f]{6}, PSN 0x[0-9a-f]{6}, GID ::ffff:127")
          .contains("remote address: LID 0x0000")
          .contains(" bytes in ", " Mbit/sec", " iters in ", " usec/iter");
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  @Test
  public void shouldSayWhatIsWrongWithAPingPong() throws Exception {
    assertThat(shell.start("pingpong").fails()).contains("one of --rc, --uc, --ud and --srq");
    assertThat(shell.start("pingpong --rc --ud").fails()).contains("one of --rc");
    assertThat(shell.start("pingpong --rc -m 1000").fails()).contains("--mtu 1000", "1024");
    assertThat(shell.start("pingpong --ud -s 5000").fails()).contains("port MTU (4096)");
    assertThat(shell.start("pingpong --srq -q 16 -r 8").fails()).contains("rx_depth 8");
    assertThat(shell.start("pingpong --rc -p " + freePort() + " 127.0.0.1").fails())
        .contains("couldn't connect", "start the server first");
  }

  @Test
  public void shouldMeasureEveryOperationAndCheckItsData() throws Exception {
    for (String what : new String[] {"write bw", "read bw", "send bw"}) {
      String table = measure(what + " -n 200 -t 16 -s 5000", "mthca0", "ipath0");
      assertThat(table).contains("BW Test", "#bytes     #iterations    BW peak[MiB/sec]");
      assertThat(table).containsPattern("\\n 5000 +200 +[0-9.]+ +[0-9.]+ +[0-9.]+\\n");
      assertThat(table).contains("Data            : 5000[B] as the peer fills its memory");
    }
    for (String what : new String[] {"write lat", "read lat", "send lat"}) {
      String table = measure(what + " -n 50", "ipath0", "mthca0");
      assertThat(table).contains("Latency Test", "t_typical[usec]", "99.9% percentile[usec]");
      assertThat(table).containsPattern("\\n 2 +50 +([0-9.]+ +){6}[0-9.]+\\n");
    }
    assertThat(measure("write lat -n 300 -s 4096", "ehca0", "mthca0"))
        .contains("4096[B] as written");
    assertThat(measure("send lat -n 20 -s 4096 -I 100", "ipath0", "mthca0"))
        .contains("4096[B] as the peer");
    assertThat(measure("write bw -a -n 5", "ehca0", "mthca0"))
        .contains("\n 2 ", "\n 65536 ", "\n 1048576 ");
    assertThat(shell.run("devinfo -v -d mthca0")).containsPattern("atomic_cap:\\s+ATOMIC_HCA");
    assertThat(measure("atomic bw -n 100 -t 8", "mthca0", "ipath0"))
        .containsPattern("\\n 8 +100 ")
        .contains("100 additions found in memory", "100 additions to 64 numbers found again");
    assertThat(measure("atomic lat -n 50", "ipath0", "mthca0")).containsPattern("\\n 8 +50 ");
  }

  @Test
  public void shouldMeasureUnreliablyByTimeAndByTheConnectionManager() throws Exception {
    assertThat(measure("send bw -c UC -n 50 -t 8 -s 3000", "ipath0", "mthca0"))
        .contains("Connection type : UC", "3000[B] as the peer");
    assertThat(measure("write bw -c UC -n 50 -t 8 -s 3000", "mthca0", "ipath0"))
        .contains("Connection type : UC", "3000[B] as the peer");
    assertThat(measure("send lat -c UD -n 50", "ehca0", "mthca0")).contains("Connection type : UD");
    assertThat(measure("send bw -c UD -n 20 -t 4 -m 1024", "ipath0", "ehca0"))
        .containsPattern("\\n 1024 +20 ")
        .contains("Mtu             : 1024[B]", "1024[B] as the peer");
    String port = freePort() + " -R -d ";
    for (String what : new String[] {"write bw -n 50", "read lat -n 50 -s 500", "send bw -n 50"}) {
      Shell.Job server = serve("perf " + what + " -p " + port + "mthca0", "mthca0");
      String table = shell.run("perf " + what + " -p " + port + "ehca0 " + NEAR);
      assertThat(server.succeeds() + table)
          .contains("rdma_cm QPs     : ON", "[B] as the peer fills its memory");
    }
    assertThat(measure("write bw -D 3 -s 4096", "mthca0", "ipath0"))
        .contains("4096[B] as the peer");
    assertThat(measure("read lat -D 3", "mthca0", "ipath0")).contains("tps average");
  }

  @Test
  public void shouldMeasureInBothDirectionsAndOnSeveralQueuePairs() throws Exception {
    String table = measure("write bw -b -q 3 -n 200 -t 16 -s 5000", "mthca0", "ipath0");
    assertThat(table).contains("RDMA_Write Bidirectional BW Test", "Number of qps   : 3");
    assertThat(table.split("\\n 5000 +600 ", -1)).as("both print it: %s", table).hasSize(3);
    assertThat(table.split("5000\\[B] as the peer fills", -1)).as("%s", table).hasSize(3);
    for (String what : new String[] {"read bw -b -q 2", "send bw -b -q 2", "send bw -b -c UD"}) {
      String both = measure(what + " -n 50 -t 4 -s 3000", "ipath0", "mthca0");
      assertThat(both.split("3000\\[B] as the peer fills", -1)).as("%s", both).hasSize(3);
    }
    assertThat(measure("atomic bw -b -q 2 -n 50 -t 4", "mthca0", "ipath0"))
        .containsPattern("\\n 8 +100 ")
        .contains("Data            : 50 additions found in memory");
    assertThat(measure("send bw -q 4 -a -n 5", "ehca0", "mthca0"))
        .contains("\n 2 ", "\n 1048576 ")
        .contains("1048576[B] as the peer");
    assertThat(measure("send bw -b -a -n 5", "mthca0", "ehca0")).contains("\n 1048576 ");
    assertThat(measure("send bw -b -D 3 -s 2K", "mthca0", "ipath0"))
        .contains("2048[B] as the peer");
    String port = freePort() + " -R -d ";
    String cm = "perf write bw -b -q 3 -n 50 -p " + port;
    Shell.Job server = serve(cm + "mthca0", "mthca0");
    assertThat(shell.run(cm + "ehca0 " + NEAR) + server.succeeds())
        .contains("rdma_cm QPs     : ON", "[B] as the peer fills its memory");
  }

  /** Measures between two devices; what both ends printed. */
  private String measure(String what, String near, String far) throws Exception {
    String command = "perf " + what + " -p " + freePort() + " -d ";
    Shell.Job server = serve(command + near, near);
    String table = shell.run(command + far + " 127.0.0.1");
    return server.succeeds() + table;
  }

  @Test
  public void shouldMapAndSyncAsItMustUnderDebug() throws Exception {
    DmaDebug debug = Services.find(context, DmaDebug.class, "(objectClass=*)");
    String[] watched = {"mthca0", "ehca0", "ipath0"};
    org.osgi.service.cm.Configuration configuration =
        settings.put("ib.core.dma.debug", Map.of("devices", new String[] {"*"}));
    for (String device : watched) {
      Eventually.holds(device + " is watched", () -> debug.isOn(device));
      devices.active(device);
    }
    Shell.Job server = serve("rping -s -S 20000 --device mthca0", "mthca0");
    shell.run("rping -c -V -S 20000 -C 3 --device ehca0 -a " + NEAR);
    server.succeeds();
    for (String what : new String[] {"write bw", "read bw", "send lat", "write lat"}) {
      measure(what + " -n 20 -t 4 -s 9000", "ipath0", "mthca0");
    }
    playPingPong("--ud -s 1000", "mthca0", "ehca0");
    assertThat(debug.reports()).isEmpty();
    configuration.delete();
    for (String device : watched) {
      Eventually.holds(device + " is watched no more", () -> !debug.isOn(device));
      devices.active(device);
    }
  }

  @Test
  public void shouldSayWhatIsWrongWithAMeasurement() throws Exception {
    assertThat(shell.start("perf fly bw " + NEAR).fails()).contains("fly is no operation");
    assertThat(shell.start("perf").fails()).contains("name operation and measure");
    assertThat(shell.start("perf write speed " + NEAR).fails()).contains("give bw or lat");
    assertThat(shell.start("perf write bw -s 2000000 " + NEAR).fails()).contains("1 to 1048576");
    assertThat(shell.start("perf write bw -q 65").fails()).contains("1 to 64");
    assertThat(shell.start("perf write lat -q 2").fails()).contains("-q 2", "measure bw");
    assertThat(shell.start("perf send lat -b").fails()).contains("-b: ", "measure bw");
    assertThat(shell.start("perf read bw -c UC").fails()).contains("no READ", "-c RC");
    assertThat(shell.start("perf write bw -D 5 -n 10").fails()).contains("neither with -n");
    assertThat(shell.start("perf write lat -p " + freePort() + " 127.0.0.1").fails())
        .contains("couldn't connect", "start the server first");
    assertThat(differ("atomic lat -d mthca0", "atomic lat -d ehca0").client)
        .contains("ehca0 has no atomic operations");
  }

  /** What the ends of a measurement said when both failed. */
  private record Differ(String server, String client) {}

  private Differ differ(String near, String far) throws Exception {
    String port = " -p " + freePort();
    Shell.Job server = serve("perf " + near + port, "mthca0");
    String client = shell.start("perf " + far + port + " 127.0.0.1").fails();
    return new Differ(server.fails(), client);
  }

  @Test
  public void shouldSayInWhatTheEndsOfAMeasurementDiffer() throws Exception {
    String near = " -d mthca0";
    String far = " -d ipath0";
    Differ differ = differ("send bw -n 10 -s 4000" + near, "send bw -n 10 -s 3000" + far);
    assertThat(differ.server).contains("3000 bytes came instead of 4000", "the same -s");
    differ = differ("send bw -n 20 -s 64" + near, "send bw -n 10 -s 64" + far);
    assertThat(differ.server).contains("the peer is done", "the same -n and -s");
    differ = differ("write bw -n 10 -s 4096" + near, "write bw -n 10 -s 65536" + far);
    assertThat(differ.client).contains("REM_ACCESS_ERR", "the same operation and -s");
    assertThat(differ.server).contains("closed the connection");
    String port = " -p " + freePort();
    Shell.Job server = serve("perf write bw -n 10 -s 4096" + near + port, "mthca0");
    shell.run("perf write bw -n 20 -s 4096" + far + port + " 127.0.0.1");
    assertThat(server.fails()).contains("20 operations of 4096 bytes", "10 of 4096");
  }

  @Test
  public void shouldNoticeAPerftestThatIsOlderOrGone() throws Exception {
    int port = freePort();
    Shell.Job server = serve("perf write lat -p " + port + " -d mthca0", "mthca0");
    try (Socket peer = new Socket("127.0.0.1", port)) {
      peer.getOutputStream().write("5.60\0\0\0\0\0\0\0\0\0\0\0\0".getBytes(UTF_8));
      assertThat(server.fails()).contains("the peer is perftest 5.60", "older than 5.70");
    }
    server = serve("perf write lat -p " + port + " -d mthca0", "mthca0");
    Shell.Job client = shell.start("perf write lat -D 3000 -p " + port + " -d ipath0 127.0.0.1");
    Eventually.holds("it is measured", () -> client.output().contains("tps average"));
    Bundles.named(context, "ib.driver.ipath").stop();
    assertThat(client.fails()).contains("device ipath0 leaves");
    server.fails();
    Bundles.named(context, "ib.driver.ipath").start();
  }

  @Test
  public void shouldConnectAndDisconnectLikeUcmatose() throws Exception {
    Shell.Job server = serve("ucmatose -c 3 -C 20 -S 3000 -b " + FAR, "ehca0");
    assertThat(shell.run("ucmatose --device mthca0 -c 3 -C 20 -S 3000 -s " + FAR))
        .contains("cmatose: connecting", "sending replies", "data transfers complete")
        .contains("test complete");
    assertThat(server.succeeds())
        .contains("initiating data transfers", "completing sends", "cmatose: disconnecting")
        .contains("test complete");
    server = serve("ucmatose -P ib -p 99 -C 1 -b " + NEAR, "mthca0");
    assertThat(shell.run("ucmatose --device ipath0 -P ib -p 99 -C 1 -s " + NEAR))
        .contains("test complete");
    assertThat(server.succeeds()).contains("test complete");
    assertThat(shell.start("ucmatose --device mthca0 -s " + FAR).fails()).contains("reason 8");
  }

  @Test
  public void shouldResolveAndExchangeDatagramsLikeUdaddy() throws Exception {
    Shell.Job server = serve("udaddy -c 2 -C 8 -S 1024 -b " + FAR, "ehca0");
    assertThat(shell.run("udaddy --device mthca0 -c 2 -C 8 -S 1024 -s " + FAR))
        .contains("udaddy: connecting", "initiating data transfers", "data transfers complete")
        .contains("test complete");
    assertThat(server.succeeds()).contains("sending replies", "test complete");
    assertThat(shell.start("udaddy --device mthca0 -s " + FAR).fails())
        .contains("status 1", "nobody offers datagrams");
    assertThat(shell.start("udaddy -S 4097").fails()).contains("larger than active mtu 4096");
  }

  @Test
  public void shouldTellOfDevicesLinksResourcesAndCounters() throws Exception {
    assertThat(shell.run("devinfo -l")).contains("3 HCAs found:", "\tehca0\n");
    assertThat(shell.run("devinfo -d mthca0"))
        .startsWith("hca_id:\tmthca0\n\ttransport:\t\t\tInfiniBand (0)\n\tnode_guid:\t\t\t")
        .contains("\t\t\tstate:\t\t\tPORT_ACTIVE (4)\n", "\t\t\tactive_mtu:\t\t4096 (5)\n")
        .contains("\t\t\tlink_layer:\t\tEthernet");
    assertThat(shell.run("devinfo -v -d ehca0"))
        .contains("\tmax_qp:\t\t\t\t", "\tmax_total_mcast_qp_attach:\t", "atomic_cap")
        .contains("GID[  0]:\t\t::ffff:" + FAR + ", RoCE v2");
    assertThat(shell.start("devinfo -d mlx5_0").fails()).contains("'mlx5_0' wasn't found");
    assertThat(shell.run("link show"))
        .contains("link mthca0/1 state ACTIVE physical_state LINK_UP netdev near\n");
    assertThat(shell.run("link show ehca0/1").strip())
        .isEqualTo("link ehca0/1 state ACTIVE physical_state LINK_UP netdev far");
    assertThat(shell.start("link set").fails()).contains("the one command is show");
    assertThat(shell.start("link show ehca0 qp").fails()).contains("not [ehca0, qp]");
    String before = shell.run("statistic show link mthca0/1");
    assertThat(before)
        .matches(
            "link mthca0/1 sent_pkts \\d+ rcvd_pkts \\d+ duplicate_request 0 out_of_seq_request 0"
                + " rcvd_rnr_err 0 send_rnr_err 0 rcvd_seq_err 0 ack_deferred 0 retry_exceeded_err 0"
                + " retry_rnr_exceeded_err 0 completer_retry_err 0 send_err 0 link_downed 0"
                + " rdma_sends 0 rdma_recvs 0\\s*");
    Shell.Job server = serve("ucmatose -b " + NEAR, "mthca0");
    Eventually.passes(
        "resources are counted",
        () ->
            assertThat(shell.run("resource show"))
                .contains(
                    "0: ehca0: pd 0 cq 0 qp 0",
                    "2: mthca0: pd 1 cq 1 qp 1 cm_id 1 mr 1 mw 0 srq 0"));
    Eventually.passes(
        "the queue pair is ready for a peer",
        () ->
            assertThat(shell.run("resource show qp mthca0"))
                .containsPattern(
                    "dev mthca0 qp 0x[0-9a-f]+ type RC state INIT comm \\[ib.tools\\]"));
    assertThat(shell.run("resource show cm_id mthca0").strip())
        .isEqualTo(
            "link mthca0/1 lqpn 0 qp-type RC state LISTEN ps TCP src-addr " + NEAR + ":7471");
    shell.run("ucmatose --device ehca0 -s " + NEAR);
    server.succeeds();
    assertThat(shell.run("statistic")).contains("rdma_sends 10 rdma_recvs 10", "link ehca0/1");
    assertThat(shell.run("statistic -d")).contains("dropped_icrc 0");
    assertThat(shell.start("statistic show link eth0").fails()).contains("no device or port eth0");
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
