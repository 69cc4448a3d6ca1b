// SPDX-License-Identifier: Apache-2.0
package ib.ulp.srp.internal;

import ib.block.BlockDevice;
import ib.block.DiskStatistics;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.osgi.framework.BundleContext;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;

/**
 * The services of a disk: there from its first login, through times without a path, until it is
 * lost or its configuration goes. They come and go on threads of their own: who binds a disk may
 * take long, and the disk's thread has work to do.
 */
final class DiskRegistration implements PathKeeper.Listener {
  private final BundleContext context;
  private final String name;
  private final AtomicReference<@Nullable ServiceRegistration<?>> registration =
      new AtomicReference<>();
  private final AtomicBoolean begun = new AtomicBoolean();
  private volatile @Nullable SrpDisk disk;
  private volatile boolean withdrawn;

  DiskRegistration(BundleContext context, String name) {
    this.context = context;
    this.name = name;
  }

  /** Says which disk it is, before there can be a login. */
  void of(SrpDisk itsDisk) {
    disk = itsDisk;
  }

  @Override
  public void onReady() {
    if (begun.compareAndSet(false, true)) {
      Thread.ofPlatform().daemon().name("srp-register-" + name).start(this::register);
    }
  }

  @Override
  public void onLost() {
    Thread.ofPlatform().daemon().name("srp-unregister-" + name).start(this::withdraw);
  }

  private void register() {
    SrpDisk itsDisk = disk;
    if (withdrawn || itsDisk == null) {
      return;
    }
    String[] services = {BlockDevice.class.getName(), DiskStatistics.class.getName()};
    registration.set(
        context.registerService(
            services, itsDisk, FrameworkUtil.asDictionary(Map.of(BlockDevice.NAME, name))));
    if (withdrawn) {
      withdraw();
    }
  }

  /** Takes the services back, for good. */
  void withdraw() {
    withdrawn = true;
    ServiceRegistration<?> mine = registration.getAndSet(null);
    if (mine != null) {
      mine.unregister();
    }
  }
}
