#version 120
// A half-metre grid, every second line stronger, fading into the background.
uniform vec2 u_center;
uniform float u_radius;
uniform vec3 u_background;
uniform vec3 u_floor;
uniform vec3 u_line;
varying vec2 v_world;

float lines(vec2 at, float spacing, float pixels) {
    vec2 cell = at / spacing;
    vec2 width = max(fwidth(cell), vec2(1e-6));
    vec2 distance = abs(fract(cell - 0.5) - 0.5) / width;
    vec2 strength = (1.0 - smoothstep(vec2(0.5 * pixels), vec2(0.5 * pixels + 1.0), distance))
        * clamp(0.35 / width - 0.6, 0.0, 1.0);
    return max(strength.x, strength.y);
}

void main() {
    float away = length(v_world - u_center) / u_radius;
    float fade = 1.0 - smoothstep(0.25, 1.0, away);
    float line = max(lines(v_world, 1.0, 1.0), 0.4 * lines(v_world, 0.5, 1.0));
    vec3 color = mix(u_floor, u_line, line);
    gl_FragColor = vec4(mix(u_background, color, fade * fade), 1.0);
}
