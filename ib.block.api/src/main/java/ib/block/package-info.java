// SPDX-License-Identifier: Apache-2.0
/** Block devices: geometry, asynchronous read, write, flush, discard. */
@Export
@Version("1.0.0")
@NullMarked
package ib.block;

import org.jspecify.annotations.NullMarked;
import org.osgi.annotation.bundle.Export;
import org.osgi.annotation.versioning.Version;
