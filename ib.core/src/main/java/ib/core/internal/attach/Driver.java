// SPDX-License-Identifier: Apache-2.0
package ib.core.internal.attach;

import org.osgi.framework.Version;

/**
 * The bundle that offers a device.
 *
 * @param bundleId id of the bundle
 * @param symbolicName symbolic name of the bundle
 * @param version version of the bundle
 */
record Driver(long bundleId, String symbolicName, Version version) {
  @Override
  public String toString() {
    return symbolicName + " " + version;
  }
}
