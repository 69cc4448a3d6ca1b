// SPDX-License-Identifier: Apache-2.0
/**
 * The main job without a terminal: a file is copied through an SRP disk while the drivers under it
 * are replaced.
 */
@NullMarked
package ib.host.internal.demo;

import org.jspecify.annotations.NullMarked;
