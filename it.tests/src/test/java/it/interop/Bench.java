// SPDX-License-Identifier: Apache-2.0
package it.interop;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A guest and a host on a wire, as the case at hand needs them. Both are kept from case to case
 * while they are as needed and well.
 */
final class Bench implements AutoCloseable {
  static final Duration SHORT = Duration.ofSeconds(20);
  static final Duration LONG = Duration.ofSeconds(60);

  /** Of the guest's ib_srpt and the host's own target. */
  static final int SRP_PORT = 5555;

  static final String TARGET_ID = "0002c903000e8ace";

  private static final int DISK_MIB = 64;

  private final GuestImage image;
  private final Wire wire;
  private final Path home;
  private final Path folder;
  private int started;
  private int mtuBytes = 4096;
  private Guest guest;
  private HostProcess host;
  private String hostKey = "";
  private String guestTarget = "";
  private final List<Path> captures = new ArrayList<>();

  Bench(GuestImage image, Wire wire, Path home, Path folder) {
    this.image = image;
    this.wire = wire;
    this.home = home;
    this.folder = folder;
  }

  Wire wire() {
    return wire;
  }

  Path home() {
    return home;
  }

  /** A bundle that puts a load on the host's disk. */
  Path loadBundle() throws InteropException {
    return FixtureBundle.load(Path.of(System.getProperty("openhca.testClasses")), folder);
  }

  /** A bundle that does every operation with a peer in the guest. */
  Path opsBundle() throws InteropException {
    return FixtureBundle.ops(Path.of(System.getProperty("openhca.testClasses")), folder);
  }

  /** Captures of both ends that have been written so far. */
  List<Path> captures() {
    return List.copyOf(captures);
  }

  /** The guest; started anew if there is none. */
  Guest guest() throws InteropException {
    if (guest == null || !guest.isAlive()) {
      dropGuest();
      guest = Guest.start(image, wire, folder.resolve("guest-" + started++));
      captures.add(guest.capture());
      guestTarget = "";
      followMtu();
    }
    return guest;
  }

  /** The host that is running. */
  HostProcess host() {
    return host;
  }

  /** Makes guest and host as a case needs them. */
  void prepare(Case wanted) throws InteropException {
    mtuBytes = wanted.mtuBytes();
    Guest peer = guest();
    followMtu();
    if (wanted.host() == Case.Host.INITIATOR && guestTarget.isEmpty()) {
      String answer = peer.run("srpt-up " + SRP_PORT + " " + DISK_MIB + " " + Guest.ADDRESS, SHORT);
      guestTarget = answer.substring(answer.indexOf("target ") + 7).strip();
    }
    String key = wanted.host() + " " + wanted.mtuBytes() + " " + wanted.faults() + guestTarget;
    if (host == null || !key.equals(hostKey)) {
      dropHost();
      Path own = folder.resolve("host-" + started++);
      host = HostProcess.start(home, own, wire.prefix(), configurations(wanted));
      hostKey = key;
      Path capture = own.resolve("host.pcap");
      host.shell("ib:pcap p0 " + capture + " 64", SHORT);
      captures.add(capture);
    }
  }

  /** rxe follows its network card. */
  private void followMtu() throws InteropException {
    guest.run("ip link set eth0 mtu " + linkMtu(mtuBytes), SHORT);
  }

  /** The link's MTU with which Linux makes this path MTU. */
  private static int linkMtu(int pathMtu) {
    return pathMtu == 4096 ? Guest.LINK_MTU : pathMtu + 100;
  }

  private Map<String, List<String>> configurations(Case wanted) {
    Map<String, List<String>> files = new LinkedHashMap<>();
    List<String> port = new ArrayList<>();
    port.add("name = \"p0\"");
    port.add("address = \"" + Wire.ADDRESS + "\"");
    port.add("mtu = \"" + wanted.mtuBytes() + "\"");
    port.addAll(wire.port(wanted.faults()));
    files.put("ib.port-p0", port);
    String driver = wanted.host() == Case.Host.EHCA ? "ehca" : "mthca";
    files.put(
        "ib.driver." + driver + "-" + driver + "0",
        List.of("ib.device = \"" + driver + "0\"", "port.target = \"(ib.port\\=p0)\""));
    switch (wanted.host()) {
      case INITIATOR ->
          files.put(
              "ib.ulp.srp-disk0",
              List.of(
                  "name = \"disk0\"",
                  "port = \"p0\"",
                  "target.address = \"" + Guest.ADDRESS + "\"",
                  "target.port = \"" + SRP_PORT + "\"",
                  "initiator.port.id = \"0002c903000e8acd0002c903000e8acd\"",
                  "target.port.id = \"" + bare(guestTarget) + bare(guestTarget) + "\""));
      case TARGET ->
          files.put(
              "ib.ulp.srpt-t0",
              List.of(
                  "name = \"t0\"",
                  "port = \"p0\"",
                  "listen = \"" + SRP_PORT + "\"",
                  "target.port.id = \"" + TARGET_ID + TARGET_ID + "\"",
                  "luns = [ \"0\\=ram:" + DISK_MIB + "M\" ]"));
      case PLAIN, EHCA -> {}
    }
    return files;
  }

  private static String bare(String guid) {
    return guid.replace(":", "").replace("0x", "");
  }

  /** After a case that failed nothing is trusted. */
  void dropAll() {
    dropHost();
    dropGuest();
  }

  void dropHost() {
    if (host != null) {
      host.close();
      host = null;
    }
  }

  void dropGuest() {
    if (guest != null) {
      guest.close();
      guest = null;
    }
  }

  @Override
  public void close() {
    dropAll();
  }
}
