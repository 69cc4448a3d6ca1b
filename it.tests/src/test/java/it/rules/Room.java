// SPDX-License-Identifier: Apache-2.0
package it.rules;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.jar.Manifest;
import java.util.stream.Stream;

/**
 * A room: a folder that is a bundle, its own packages (also those copied into it, private), and the
 * packages of ours it may import. A package given with {@code ..} includes those below it.
 */
enum Room {
  DMA_API(
      Kind.API,
      "ib.dma.api",
      Set.of("ib.dma", "ib.dma.debug", "ib.dma.metrics", "ib.config"),
      Set.of()),
  VERBS_API(Kind.API, "ib.verbs.api", Set.of("ib.verbs", "ib.verbs.spi"), Set.of("ib.dma")),
  BLOCK_API(Kind.API, "ib.block.api", Set.of("ib.block"), Set.of("ib.dma")),
  TRANSPORT(Kind.PLATFORM, "ib.transport", Set.of("ib.transport..", "ib.config"), Packages.APIS),
  CM(Kind.PLATFORM, "ib.cm", Set.of("ib.cm.."), Packages.APIS_AND_TRANSPORT),
  CORE(Kind.PLATFORM, "ib.core", Set.of("ib.core..", "ib.config"), Packages.APIS_AND_DMA_TOOLS),
  DMA_TCK(Kind.KIT, "ib.dma.tck", Set.of("ib.dma.tck.."), Packages.APIS),
  MTHCA(Kind.DRIVER, "ib.driver.mthca", Set.of("ib.driver.mthca.."), Packages.APIS_AND_TRANSPORT),
  EHCA(Kind.DRIVER, "ib.driver.ehca", Set.of("ib.driver.ehca.."), Packages.APIS_AND_TRANSPORT),
  IPATH(Kind.DRIVER, "ib.driver.ipath", Set.of("ib.driver.ipath.."), Packages.APIS_AND_TRANSPORT),
  SRP(
      Kind.PROTOCOL,
      "ib.ulp.srp",
      Set.of("ib.ulp.srp..", "ib.srp..", "ib.config"),
      Packages.FOR_PROTOCOLS),
  SRPT(
      Kind.PROTOCOL,
      "ib.ulp.srpt",
      Set.of("ib.ulp.srpt..", "ib.srp..", "ib.config"),
      Packages.FOR_PROTOCOLS),
  TOOLS(Kind.PROTOCOL, "ib.tools", Set.of("ib.tools.."), Packages.FOR_TOOLS),
  HOST(Kind.OPERATOR, "ib.host", Set.of("ib.host..", "ib.srp.."), Packages.FOR_OPERATOR);

  /** Packages that are copied, private, into whoever needs them: they are nobody's API. */
  private static final Set<String> COPIED = Set.of("ib.srp..", "ib.config");

  /** What a room is for, which decides what it may export. */
  enum Kind {
    API,
    PLATFORM,
    /** Called from the tests of those who implement an API. */
    KIT,
    DRIVER,
    PROTOCOL,
    OPERATOR
  }

  private static final class Packages {
    static final Set<String> APIS = Set.of("ib.dma", "ib.verbs", "ib.verbs.spi", "ib.block");
    static final Set<String> APIS_AND_DMA_TOOLS =
        Set.of("ib.dma", "ib.dma.debug", "ib.dma.metrics", "ib.verbs", "ib.verbs.spi", "ib.block");
    static final Set<String> APIS_AND_TRANSPORT =
        Set.of("ib.dma", "ib.verbs", "ib.verbs.spi", "ib.transport..");
    static final Set<String> FOR_PROTOCOLS = Set.of("ib.dma", "ib.verbs", "ib.block");
    static final Set<String> FOR_TOOLS = Set.of("ib.dma", "ib.verbs");
    static final Set<String> FOR_OPERATOR =
        Set.of(
            "ib.dma", "ib.dma.debug", "ib.dma.metrics", "ib.verbs", "ib.block", "ib.transport..");
  }

  final Kind kind;
  final String folder;
  private final Set<String> own;
  private final Set<String> mayImport;

  Room(Kind kind, String folder, Set<String> own, Set<String> mayImport) {
    this.kind = kind;
    this.folder = folder;
    this.own = own;
    this.mayImport = mayImport;
  }

  static Stream<Room> all(Kind kind) {
    return Arrays.stream(values()).filter(room -> room.kind == kind);
  }

  /** Packages of ours that classes of this room may name. */
  boolean mayName(String packageName) {
    return owns(packageName) || mayImport(packageName);
  }

  boolean owns(String packageName) {
    return own.stream().anyMatch(matching(packageName));
  }

  static boolean isCopied(String packageName) {
    return COPIED.stream().anyMatch(matching(packageName));
  }

  boolean mayImport(String packageName) {
    return mayImport.stream().anyMatch(matching(packageName));
  }

  /** Whether a package is ours at all: the rooms' rules say nothing of the others. */
  static boolean isOurs(String packageName) {
    return packageName.startsWith("ib.");
  }

  /** The built classes, with what bnd added to them. */
  Path classes() {
    Path classes = root().resolve(folder).resolve("target").resolve("classes");
    if (!Files.isDirectory(classes)) {
      throw new IllegalStateException(classes + " is missing; build with ./ib mvn package first");
    }
    return classes;
  }

  Manifest manifest() {
    try (InputStream in = Files.newInputStream(classes().resolve("META-INF/MANIFEST.MF"))) {
      return new Manifest(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The descriptions of the room's service components, as bnd wrote them. */
  List<Path> componentDescriptions() {
    Path folder = classes().resolve("OSGI-INF");
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(file -> file.toString().endsWith(".xml")).sorted().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The checkout. */
  static Path root() {
    return Path.of(System.getProperty("openhca.root", "..")).toAbsolutePath().normalize();
  }

  private static Predicate<String> matching(String packageName) {
    return pattern ->
        pattern.endsWith("..")
            ? (packageName + ".").startsWith(pattern.substring(0, pattern.length() - 1))
            : packageName.equals(pattern);
  }
}
