// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.demo;

import java.io.IOException;
import java.util.Map;
import java.util.SplittableRandom;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleException;

/**
 * The ways in which a driver is replaced. Each returns, in words, what it did, once the new state
 * is reached.
 */
enum Swap {
  /** The bundle is stopped and started again. */
  STOP_START {
    @Override
    String run(Stage stage, Side side, SplittableRandom random) throws DemoException {
      long before = stage.generation(side.device);
      try {
        Bundle bundle = stage.bundle(side.driver);
        bundle.stop(Bundle.STOP_TRANSIENT);
        stage.pause(random.nextInt(MAX_ABSENCE_MS));
        bundle.start(Bundle.START_TRANSIENT);
      } catch (BundleException e) {
        throw new DemoException("could not restart " + side.driver, e);
      }
      stage.awaitActive(side, before);
      return side.driver + " stopped and started";
    }
  },
  /** The jar in the deploy folder is overwritten by a newer build. */
  UPDATE_IN_PLACE {
    @Override
    String run(Stage stage, Side side, SplittableRandom random) throws DemoException, IOException {
      long before = stage.generation(side.device);
      String version = stage.deploy(side.driver, stage.fileOf(side.driver));
      stage.awaitActive(side, before);
      stage.awaitVersion(side, version);
      return side.driver + " updated in place to " + version;
    }
  },
  /**
   * A newer version is dropped in beside the old; when it has taken over, the old file is deleted.
   */
  SUPERSEDE {
    @Override
    String run(Stage stage, Side side, SplittableRandom random) throws DemoException, IOException {
      String oldVersion = stage.bundle(side.driver).getVersion().toString();
      String oldFile = stage.fileOf(side.driver);
      String newFile = side.driver + "-b" + stage.nextInstance() + ".jar";
      String version = stage.deploy(side.driver, newFile);
      stage.setFile(side.driver, newFile);
      stage.awaitVersion(side, version);
      stage.folders().remove(oldFile);
      stage.await(
          "the old " + side.driver + " " + oldVersion + " was not uninstalled",
          () -> !stage.hasVersion(side.driver, oldVersion));
      return side.driver + " superseded by " + version + ", old one deleted";
    }
  },
  /** The jar is deleted, and put back a little later. */
  DELETE {
    @Override
    String run(Stage stage, Side side, SplittableRandom random) throws DemoException, IOException {
      String file = stage.fileOf(side.driver);
      stage.folders().remove(file);
      stage.awaitGone(side);
      stage.pause(random.nextInt(MAX_ABSENCE_MS));
      String version = stage.deploy(side.driver, file);
      stage.awaitActive(side, 0);
      return side.driver + " deleted, and " + version + " put there";
    }
  },
  /** The device's configuration changes. */
  RECONFIGURE {
    @Override
    String run(Stage stage, Side side, SplittableRandom random) throws DemoException, IOException {
      long before = stage.generation(side.device);
      int ranking = stage.nextInstance();
      stage.folders().configure(side.driver, side.device, configuration(side, ranking));
      stage.awaitActive(side, before);
      return side.device + " reconfigured (service.ranking=" + ranking + ")";
    }
  },
  /** Another driver makes a device on the port before the old one goes. */
  EXCHANGE_MAKE_FIRST {
    @Override
    String run(Stage stage, Side side, SplittableRandom random) throws DemoException, IOException {
      return exchange(stage, side, otherDriver(side, random), true, random);
    }
  },
  /** The device goes, then another driver makes one on the port. */
  EXCHANGE_BREAK_FIRST {
    @Override
    String run(Stage stage, Side side, SplittableRandom random) throws DemoException, IOException {
      return exchange(stage, side, otherDriver(side, random), false, random);
    }
  };

  /** All drivers there are. */
  static final String[] DRIVERS = {"ib.driver.mthca", "ib.driver.ehca", "ib.driver.ipath"};

  private static final int MAX_ABSENCE_MS = 300;

  /** Does it; the device of the side afterwards is in the side. */
  abstract String run(Stage stage, Side side, SplittableRandom random)
      throws DemoException, IOException;

  /** Whether it touches the bundle, and so every device the bundle has. */
  boolean isOfBundle() {
    return this == STOP_START || this == UPDATE_IN_PLACE || this == SUPERSEDE || this == DELETE;
  }

  static Map<String, Object> configuration(Side side, int ranking) {
    return Map.of(
        "ib.device",
        side.device,
        "port.target",
        "(ib.port=" + side.port + ")",
        "service.ranking",
        ranking);
  }

  static String otherDriver(Side side, SplittableRandom random) {
    int start = random.nextInt(DRIVERS.length);
    String driver = DRIVERS[start];
    return driver.equals(side.driver) ? DRIVERS[(start + 1) % DRIVERS.length] : driver;
  }

  static String exchange(
      Stage stage, Side side, String driver, boolean makeFirst, SplittableRandom random)
      throws DemoException, IOException {
    Side old = new Side(side.name, side.port, side.driver, side.device);
    Side next =
        new Side(side.name, side.port, driver, Side.shortName(driver) + stage.nextInstance());
    if (makeFirst) {
      stage.folders().configure(next.driver, next.device, configuration(next, 0));
      stage.awaitActive(next, 0);
    }
    stage.folders().unconfigure(old.driver, old.device);
    stage.awaitGone(old);
    if (!makeFirst) {
      stage.pause(random.nextInt(MAX_ABSENCE_MS));
      stage.folders().configure(next.driver, next.device, configuration(next, 0));
      stage.awaitActive(next, 0);
    }
    side.driver = next.driver;
    side.device = next.device;
    return old.device
        + " exchanged for "
        + next.device
        + (makeFirst ? ", new one first" : ", old one first");
  }
}
