// SPDX-License-Identifier: Apache-2.0
package ib.host.internal.demo;

/** One end of the disk: a port, and the driver and device that are on it now. */
final class Side {
  final String name;
  final String port;
  String driver;
  String device;

  Side(String name, String port, String driver, String device) {
    this.name = name;
    this.port = port;
    this.driver = driver;
    this.device = device;
  }

  /** The driver without its room's prefix, e.g. {@code mthca}. */
  static String shortName(String driver) {
    return driver.substring(driver.lastIndexOf('.') + 1);
  }
}
